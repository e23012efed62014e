/** Figures of the last seconds: rates, and where the time of a message goes. */

import type { Frame } from "../types/stream.d.ts";

/** Milliseconds that figures look back. */
export const SPAN_MS = 10_000;

/** The stages of a message in order: the device's, then the way here. */
export const STAGES = ["find", "crop", "infer", "decode", "rest of device", "way here", "until drawn"] as const;

export type StageName = (typeof STAGES)[number];

/** The value below which a share of the values lie, by the nearest rank; NaN of none. */
export function percentile(values: number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)]!;
}

interface Row {
  at: number;
  times: Partial<Record<StageName, number>>;
  age: number;
}

/** One row a frame that was drawn. */
export class Figures {
  private rows: Row[] = [];

  /**
   * Note a frame at its first drawing.
   *
   * @param drawn milliseconds of the page's clock.
   * @param arrived the same clock, when it came.
   * @param toLocal the device's milliseconds as the page's; NaN while that is not known.
   */
  add(frame: Frame, arrived: number, drawn: number, toLocal: (device: number) => number): void {
    const [captured, published] = [frame.captured_ns / 1e6, frame.published_ns / 1e6];
    const { find, crop, infer, decode } = frame.timing_ms;
    const known = [find, crop, infer, decode].filter((value) => Number.isFinite(value)).reduce((sum, value) => sum + value, 0);
    const times = {
      find, crop, infer, decode,
      "rest of device": published - captured - known,
      "way here": arrived - toLocal(published),
      "until drawn": drawn - arrived,
    };
    this.rows.push({ at: drawn, times, age: drawn - toLocal(captured) });
    this.rows = this.rows.filter((row) => row.at > drawn - SPAN_MS);
  }

  /** Messages a second that were drawn; 0 when none has come lately. */
  rate(now: number): number {
    const recent = this.rows.filter((row) => row.at > now - 2_000);
    return recent.length < 2 ? 0 : ((recent.length - 1) * 1000) / (recent.at(-1)!.at - recent[0]!.at);
  }

  /** Age of messages at their first drawing, milliseconds since the capture. */
  age(share: number): number {
    return percentile(this.rows.map((row) => row.age).filter(Number.isFinite), share);
  }

  /** p50 and p95 of one stage, milliseconds. */
  stage(name: StageName): { p50: number; p95: number } {
    const values = this.rows.map((row) => row.times[name] ?? NaN).filter(Number.isFinite).map((value) => Math.max(value, 0));
    return { p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
  }
}
