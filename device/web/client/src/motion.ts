/** Position of a face at any instant: between two messages, and shortly after the last one. */

import type { Face, Pose } from "../types/stream.d.ts";

/** Milliseconds after the newest message at which a face is expected to go on as it did. */
export const REACH_MS = 120;

/** Messages kept: a picture comes later than its landmarks, and its face is asked for then. */
const KEPT = 32;

/** Messages that the speed is taken from ... */
const RECENT = 4;
/** ... unless they are older than this before the newest, milliseconds. */
const MEMORY_MS = 180;
/** A gap after which the past says nothing about the present, milliseconds. */
const GAP_MS = 400;

/** A face at one instant. */
export interface Placed {
  id: number;
  /** x, y of each landmark; pixels of the frame. */
  points: Float64Array;
  /** x_min, y_min, x_max, y_max of the points. */
  box: [number, number, number, number];
  pose: Pose | null;
  /** The newest message's face, for what does not move. */
  face: Face;
}

/** A turn, a growth and a shift of the plane: p -> (a x - b y + dx, b x + a y + dy). */
interface Similarity {
  a: number;
  b: number;
  dx: number;
  dy: number;
}

interface Sample {
  /** Milliseconds of the device's clock: the capture. */
  at: number;
  points: Float64Array;
  pose: Pose | null;
  face: Face;
}

function centroid(points: Float64Array): [number, number] {
  let x = 0;
  let y = 0;
  for (let index = 0; index < points.length; index += 2) {
    x += points[index]!;
    y += points[index + 1]!;
  }
  return [(2 * x) / points.length, (2 * y) / points.length];
}

/** How `from` lies to `to` by least squares: turn (radians), growth (logarithm) and the shift of the middle. */
export function compare(from: Float64Array, to: Float64Array): { turn: number; growth: number; shift: [number, number] } {
  const [fx, fy] = centroid(from);
  const [tx, ty] = centroid(to);
  let dot = 0;
  let cross = 0;
  let norm = 0;
  for (let index = 0; index < from.length; index += 2) {
    const ux = from[index]! - fx;
    const uy = from[index + 1]! - fy;
    const vx = to[index]! - tx;
    const vy = to[index + 1]! - ty;
    dot += ux * vx + uy * vy;
    cross += ux * vy - uy * vx;
    norm += ux * ux + uy * uy;
  }
  const growth = norm > 0 ? Math.log(Math.max(Math.hypot(dot, cross) / norm, 1e-6)) : 0;
  return { turn: Math.atan2(cross, dot), growth, shift: [tx - fx, ty - fy] };
}

/** Slope of values over times by least squares; 0 for fewer than two. */
export function slope(times: number[], values: number[]): number {
  const count = times.length;
  const middle = times.reduce((sum, time) => sum + time, 0) / count;
  const level = values.reduce((sum, value) => sum + value, 0) / count;
  let above = 0;
  let below = 0;
  for (let index = 0; index < count; index++) {
    const time = times[index]! - middle;
    above += time * (values[index]! - level);
    below += time * time;
  }
  return below > 0 ? above / below : 0;
}

function boxOf(points: Float64Array): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let index = 0; index < points.length; index += 2) {
    box[0] = Math.min(box[0], points[index]!);
    box[1] = Math.min(box[1], points[index + 1]!);
    box[2] = Math.max(box[2], points[index]!);
    box[3] = Math.max(box[3], points[index + 1]!);
  }
  return box;
}

function pointsOf(face: Face): Float64Array {
  const points = new Float64Array(2 * face.landmarks.length);
  face.landmarks.forEach(([x, y], index) => {
    points[2 * index] = x!;
    points[2 * index + 1] = y!;
  });
  return points;
}

/** The difference of two angles in degrees, the short way round. */
function turned(from: number, to: number): number {
  return ((((to - from + 180) % 360) + 360) % 360) - 180;
}

function movedPose(pose: Pose, change: (name: "yaw" | "pitch" | "roll") => number, shift: (axis: number) => number): Pose {
  return {
    ...pose,
    yaw: pose.yaw + change("yaw"),
    pitch: pose.pitch + change("pitch"),
    roll: pose.roll + change("roll"),
    position: pose.position.map((place, axis) => place + shift(axis)),
  };
}

/** One face's last messages. */
export class FaceMotion {
  private samples: Sample[] = [];

  /** Add a face that was captured at an instant, in milliseconds of the device's clock. */
  add(at: number, face: Face): void {
    const newest = this.samples.at(-1);
    const other = newest && newest.points.length !== 2 * face.landmarks.length;
    if (newest && (other || at <= newest.at || at - newest.at > GAP_MS)) this.samples = [];
    this.samples.push({ at, points: pointsOf(face), pose: face.pose ?? null, face });
    if (this.samples.length > KEPT) this.samples.shift();
  }

  /** The face as its newest message has it. */
  newest(): Placed | null {
    const sample = this.samples.at(-1);
    return sample ? this.placed(sample, sample.points, sample.pose) : null;
  }

  /**
   * The face at an instant, milliseconds of the device's clock.
   *
   * Between two messages it is interpolated. After the newest it goes on for REACH_MS at most, moving as a
   * whole (shift, turn, growth); its expression stays, for that is what noise would spoil first.
   */
  at(instant: number): Placed | null {
    const newest = this.samples.at(-1);
    if (!newest) return null;
    if (instant >= newest.at) return this.after(newest, Math.min(instant - newest.at, REACH_MS));
    for (let index = this.samples.length - 1; index > 0; index--) {
      const [before, next] = [this.samples[index - 1]!, this.samples[index]!];
      if (instant >= before.at) return this.between(before, next, (instant - before.at) / (next.at - before.at));
    }
    const oldest = this.samples[0]!;
    return this.placed(oldest, oldest.points, oldest.pose);
  }

  private placed(sample: Sample, points: Float64Array, pose: Pose | null): Placed {
    return { id: sample.face.id, points, box: boxOf(points), pose, face: sample.face };
  }

  private between(before: Sample, next: Sample, share: number): Placed {
    const points = next.points.map((value, index) => before.points[index]! + share * (value - before.points[index]!));
    const [from, to] = [before.pose, next.pose];
    const pose =
      from && to
        ? movedPose(
            from,
            (name) => share * turned(from[name], to[name]),
            (axis) => share * (to.position[axis]! - from.position[axis]!),
          )
        : to;
    return this.placed(next, points, pose);
  }

  private after(newest: Sample, ahead: number): Placed {
    const recent = this.samples.slice(-RECENT).filter((sample) => sample.at >= newest.at - MEMORY_MS);
    if (recent.length < 2 || ahead === 0) return this.placed(newest, newest.points, newest.pose);
    const points = apply(this.planeMotion(recent, newest, ahead), newest.points);
    return this.placed(newest, points, this.poseAfter(recent, newest, ahead));
  }

  private planeMotion(recent: Sample[], newest: Sample, ahead: number): Similarity {
    const times = recent.map((sample) => sample.at);
    const moves = recent.map((sample) => compare(newest.points, sample.points));
    const rate = (values: number[]) => slope(times, values) * ahead;
    const turn = rate(moves.map((move) => move.turn));
    const growth = Math.exp(rate(moves.map((move) => move.growth)));
    const [x, y] = centroid(newest.points);
    const [a, b] = [growth * Math.cos(turn), growth * Math.sin(turn)];
    const dx = x - a * x + b * y + rate(moves.map((move) => move.shift[0]));
    const dy = y - b * x - a * y + rate(moves.map((move) => move.shift[1]));
    return { a, b, dx, dy };
  }

  private poseAfter(recent: Sample[], newest: Sample, ahead: number): Pose | null {
    const last = newest.pose;
    const known = recent.filter((sample) => sample.pose !== null);
    if (last === null || known.length < 2) return last;
    const times = known.map((sample) => sample.at);
    return movedPose(
      last,
      (name) => slope(times, known.map((sample) => turned(last[name], sample.pose![name]))) * ahead,
      (axis) => slope(times, known.map((sample) => sample.pose!.position[axis]!)) * ahead,
    );
  }
}

function apply({ a, b, dx, dy }: Similarity, points: Float64Array): Float64Array {
  const moved = new Float64Array(points.length);
  for (let index = 0; index < points.length; index += 2) {
    const x = points[index]!;
    const y = points[index + 1]!;
    moved[index] = a * x - b * y + dx;
    moved[index + 1] = b * x + a * y + dy;
  }
  return moved;
}
