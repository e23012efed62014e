/** A recording in place of a device, so that clients can be written and tested without a camera. */

import type { Listener, Transport } from "./transport.ts";

export const SLOWEST = 0.1;
export const FASTEST = 10;

const FIRST_BYTES_OF_GZIP = [0x1f, 0x8b];

/** The lines of a recording: what the daemon writes to stdout or `file:`, plain or compressed by gzip. */
export async function readRecording(data: Blob): Promise<string[]> {
  const head = new Uint8Array(await data.slice(0, 2).arrayBuffer());
  const zipped = FIRST_BYTES_OF_GZIP.every((byte, index) => head[index] === byte);
  const stream = zipped ? data.stream().pipeThrough(new DecompressionStream("gzip")) : data.stream();
  const text = await new Response(stream).text();
  return text.split("\n").filter((line) => line.trim() !== "");
}

interface Timed {
  values: Record<string, unknown>;
  /** Milliseconds since the first message. */
  at: number;
}

function timed(lines: string[]): Timed[] {
  const messages: Timed[] = [];
  let first: number | undefined;
  for (const line of lines) {
    let values: Record<string, unknown>;
    try {
      values = JSON.parse(line) as Record<string, unknown>;
    } catch {
      continue; // A recording that was cut off ends in half a line.
    }
    const published = values?.["published_ns"];
    if (typeof published !== "number") continue;
    first ??= published;
    messages.push({ values, at: (published - first) / 1e6 });
  }
  return messages;
}

/** Milliseconds between the last message of a round and the first of the next. */
const PAUSE_MS = 500;

export class RecordingTransport implements Transport {
  private readonly messages: Timed[];
  private readonly repeat: boolean;
  private rate: number;
  private listener: Listener | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next = 0;
  /** The instant of the page's clock at which the recording's `position` was passed. */
  private since = 0;
  private position = 0;

  /**
   * @param lines of the recording, see `readRecording`.
   * @param speed 0.1 to 10; 1 is as it was.
   */
  constructor(lines: string[], speed = 1, repeat = true) {
    this.messages = timed(lines);
    this.rate = clampSpeed(speed);
    this.repeat = repeat;
  }

  get speed(): number {
    return this.rate;
  }

  /** Change the speed while it plays; nothing jumps. */
  set speed(value: number) {
    this.position = this.positionNow();
    this.since = performance.now();
    this.rate = clampSpeed(value);
    if (this.listener !== null) this.schedule();
  }

  open(listener: Listener): void {
    this.listener = listener;
    if (this.messages.length === 0) {
      listener.down("the recording has no messages", true);
      return;
    }
    listener.up();
    this.rewind();
    this.schedule();
  }

  send(): void {
    // Nobody is at the other end.
  }

  close(): void {
    this.listener = null;
    clearTimeout(this.timer);
  }

  private positionNow(): number {
    return this.position + (performance.now() - this.since) * this.rate;
  }

  private rewind(): void {
    this.next = 0;
    this.position = 0;
    this.since = performance.now();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const due = this.messages[this.next]?.at ?? Infinity;
    this.timer = setTimeout(() => this.play(), Math.max((due - this.positionNow()) / this.rate, 0));
  }

  private play(): void {
    const position = this.positionNow();
    for (let message = this.messages[this.next]; message && message.at <= position; message = this.messages[++this.next]) {
      this.listener?.text(JSON.stringify(this.retimed(message)));
    }
    if (this.next < this.messages.length) this.schedule();
    else if (this.repeat) {
      this.timer = setTimeout(() => {
        this.rewind();
        this.schedule();
      }, PAUSE_MS);
    } else this.listener?.down("the recording has ended");
  }

  /** The message with its times in this page's clock, stretched as the speed asks. */
  private retimed({ values, at }: Timed): Record<string, unknown> {
    const published = this.since + (at - this.position) / this.rate;
    const captured = values["captured_ns"];
    const age = typeof captured === "number" ? ((values["published_ns"] as number) - captured) / 1e6 / this.rate : 0;
    return {
      ...values,
      published_ns: Math.round(published * 1e6),
      ...(typeof captured === "number" ? { captured_ns: Math.max(Math.round((published - age) * 1e6), 0) } : {}),
    };
  }
}

export function clampSpeed(speed: number): number {
  return Number.isFinite(speed) ? Math.min(Math.max(speed, SLOWEST), FASTEST) : 1;
}
