import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clampSpeed, readRecording, RecordingTransport } from "../src/recording.ts";
import type { Frame } from "../types/stream.d.ts";
import { aFrame } from "./faces.ts";

const LINES = [0, 1, 2, 3].map((index) => JSON.stringify(aFrame(index, 7000 + index * 100)));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function play(speed: number): { heard: { at: number; frame: Frame }[]; transport: RecordingTransport } {
  const heard: { at: number; frame: Frame }[] = [];
  const transport = new RecordingTransport(LINES, speed, false);
  transport.open({
    up: () => {},
    down: () => {},
    bytes: () => {}, bitmap: () => {}, binary: () => {},
    text: (data) => heard.push({ at: performance.now(), frame: JSON.parse(data) as Frame }),
  });
  return { heard, transport };
}

test.each([0.1, 1, 10])("at speed %f messages come as far apart as they did, times the speed", (speed) => {
  const { heard } = play(speed);
  vi.advanceTimersByTime(300 / speed + 5);
  expect(heard.map(({ frame }) => frame.sequence)).toEqual([0, 1, 2, 3]);
  const span = heard[3]!.at - heard[0]!.at;
  expect(Math.abs(span - 300 / speed)).toBeLessThan(5);
});

test("times are those of the page, and a message's age is stretched like everything else", () => {
  const { heard } = play(0.5);
  vi.advanceTimersByTime(700);
  const { at, frame } = heard[2]!;
  expect(Math.abs(frame.published_ns / 1e6 - at)).toBeLessThan(2);
  expect((frame.published_ns - frame.captured_ns) / 1e6).toBeCloseTo(5 / 0.5, 3);
});

test("the speed can be changed while it plays", () => {
  const { heard, transport } = play(0.1);
  vi.advanceTimersByTime(500);
  expect(heard).toHaveLength(1);
  transport.speed = 10;
  vi.advanceTimersByTime(30);
  expect(heard).toHaveLength(4);
});

test("a speed beyond its range is held at its end", () => {
  expect([0, 0.05, 2, 99, NaN].map(clampSpeed)).toEqual([0.1, 0.1, 2, 10, 1]);
});

test("plain and compressed recordings read the same, and half a line at the end does no harm", async () => {
  vi.useRealTimers();
  const text = `${LINES.join("\n")}\n{"type":"fra`;
  const plain = await readRecording(new Blob([text]));
  const zipped = await readRecording(new Blob([gzipSync(text)]));
  expect(plain).toHaveLength(5);
  expect(zipped).toEqual(plain);
  vi.useFakeTimers();
  const transport = new RecordingTransport(plain, 1, false);
  const heard: string[] = [];
  transport.open({ up: () => {}, down: () => {}, bytes: () => {}, bitmap: () => {}, binary: () => {}, text: (data) => heard.push(data) });
  vi.advanceTimersByTime(1000);
  expect(heard).toHaveLength(4);
});
