import { expect, test } from "vitest";
import { compare, FaceMotion, REACH_MS, slope } from "../src/motion.ts";
import { aFace, SHAPE } from "./faces.ts";

/** Where a point is at t ms: turning 0.3 rad/s, growing 20 %/s, moving (200, -90) px/s. */
function place(time: number): (x: number, y: number) => [number, number] {
  const [turn, growth] = [0.0003 * time, Math.exp(Math.log(1.2) * (time / 1000))];
  const [a, b] = [growth * Math.cos(turn), growth * Math.sin(turn)];
  return (x, y) => [a * x - b * y + 300 + 0.2 * time, b * x + a * y + 200 - 0.09 * time];
}

function largest(points: Float64Array, time: number): number {
  const wanted = SHAPE.flatMap(([x, y]) => place(time)(x, y));
  return Math.max(...wanted.map((value, index) => Math.abs(value - points[index]!)));
}

function motionUntil(last: number): FaceMotion {
  const motion = new FaceMotion();
  for (let time = 0; time <= last; time += 33) motion.add(time, aFace(1, place(time)));
  return motion;
}

test("a steady turn, growth and shift is foreseen to a twentieth of a pixel two frames on", () => {
  const ahead = motionUntil(198).at(198 + 66)!;
  expect(largest(ahead.points, 264)).toBeLessThan(0.05);
  expect(largest(motionUntil(198).newest()!.points, 264)).toBeGreaterThan(10);
});

test("between two messages a face is where it was", () => {
  expect(largest(motionUntil(198).at(198 - 45)!.points, 198 - 45)).toBeLessThan(0.05);
});

test("a face of half a second ago is where it was", () => {
  expect(largest(motionUntil(990).at(500)!.points, 500)).toBeLessThan(0.05);
});

test("beyond its reach a face stays where it is", () => {
  const motion = motionUntil(198);
  expect(motion.at(198 + 10 * REACH_MS)!.points).toEqual(motion.at(198 + REACH_MS)!.points);
});

test("a single message is drawn as it is", () => {
  const motion = new FaceMotion();
  motion.add(0, aFace(1, place(0)));
  expect(largest(motion.at(50)!.points, 0)).toBe(0);
});

test("after a gap the past is forgotten", () => {
  const motion = motionUntil(198);
  motion.add(2000, aFace(1, place(0)));
  expect(largest(motion.at(2050)!.points, 0)).toBe(0);
});

test("angles go the short way round", () => {
  const motion = new FaceMotion();
  const pose = { yaw: 0, pitch: 0, position: [0, 0, 5], focal_px: 600, misfit: 0 };
  motion.add(0, { ...aFace(), pose: { ...pose, roll: 179 } });
  motion.add(40, { ...aFace(), pose: { ...pose, roll: -179 } });
  expect(motion.at(20)!.pose!.roll).toBeCloseTo(180, 9);
  expect(motion.at(60)!.pose!.roll).toBeCloseTo(-178, 9);
});

test("compare finds the similarity that it was given", () => {
  const flat = (points: [number, number][]) => Float64Array.from(points.flat());
  const turned = SHAPE.map(([x, y]): [number, number] => [2 * -y + 5, 2 * x - 3]);
  const found = compare(flat(SHAPE), flat(turned));
  expect(found.turn).toBeCloseTo(Math.PI / 2, 12);
  expect(found.growth).toBeCloseTo(Math.log(2), 12);
});

test("the slope of a line is its slope", () => {
  expect(slope([0, 10, 30], [1, 21, 61])).toBeCloseTo(2, 12);
  expect(slope([5], [1])).toBe(0);
});
