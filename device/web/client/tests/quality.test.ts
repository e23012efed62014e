import { expect, test } from "vitest";
import { Quality } from "../src/scene/quality.ts";

/** The level after drawings at so many milliseconds from each other. */
function levelAfter(pauses: number[]): number {
  const quality = new Quality();
  let now = 0;
  for (const pause of [0, ...pauses]) quality.note((now += pause));
  return quality.level;
}

test("a display that keeps up gets everything, late or hidden for a moment or not", () => {
  expect(levelAfter(new Array(500).fill(16))).toBe(0);
  expect(levelAfter([...new Array(4).fill(300), ...new Array(60).fill(16), ...new Array(4).fill(300)])).toBe(0);
  expect(levelAfter([16, 60_000, 16, 60_000, 16, 60_000, 16, 60_000, 16, 60_000, 16, 60_000])).toBe(0);
});

test("one that does not gets less, in two steps and no more", () => {
  expect(levelAfter(new Array(5).fill(200))).toBe(1);
  expect(levelAfter(new Array(10).fill(200))).toBe(2);
  expect(levelAfter([...new Array(100).fill(200), ...new Array(100).fill(16)])).toBe(2);
});
