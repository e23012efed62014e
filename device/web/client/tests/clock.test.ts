import { expect, test } from "vitest";
import { DeviceClock } from "../src/clock.ts";

/** The device's clock runs 1 234 567.5 ms ahead. */
const AHEAD = 1_234_567.5;

test("nothing is known before the first message", () => {
  const clock = new DeviceClock();
  expect(clock.known).toBe(false);
  expect(clock.toDevice(5)).toBeNaN();
});

test("the shortest round trip decides, and bounds what is in doubt", () => {
  const clock = new DeviceClock();
  // 40 ms there and none back; then 1 ms each way.
  clock.addPing(1000, 1040, 1040 + AHEAD);
  clock.addPing(2000, 2002, 2001 + AHEAD);
  clock.addPing(3000, 3100, 3010 + AHEAD);
  expect(clock.toDevice(5000)).toBeCloseTo(5000 + AHEAD, 9);
  expect(clock.toLocal(5000 + AHEAD)).toBeCloseTo(5000, 9);
  expect(clock.doubt).toBe(1);
});

test("without an echo the fastest message decides", () => {
  const clock = new DeviceClock();
  for (let index = 0; index < 300; index++) {
    const published = index * 33;
    clock.addMessage(published + AHEAD, published + 1 + (index % 7) * 3);
  }
  expect(clock.toDevice(0)).toBeCloseTo(AHEAD, 9);
});

test("a message that was slow cannot unsettle what pings have told", () => {
  const clock = new DeviceClock();
  clock.addPing(0, 2, 1 + AHEAD);
  clock.addMessage(10 + AHEAD, 900);
  expect(clock.toDevice(0)).toBe(AHEAD);
});

test("old one-way messages are forgotten, so that a drifting clock is followed", () => {
  const clock = new DeviceClock();
  clock.addMessage(AHEAD, 1);
  clock.addMessage(60_000 + AHEAD - 50, 60_001);
  expect(clock.toDevice(0)).toBeCloseTo(AHEAD - 50, 9);
});
