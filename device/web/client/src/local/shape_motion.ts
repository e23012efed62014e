/** Motion of a face: changes of position, size and roll between sets of landmarks (device/tracking/motion.py). */

import type { Points, Size } from "./geometry.ts";
import type { Rules } from "./rules.ts";

/** A change of a face about the middle of its landmarks; per second it is a rate. */
export interface Change {
  /** Pixels. */
  x: number;
  y: number;
  /** Logarithm of the growth. */
  growth: number;
  /** Radians. */
  roll: number;
}

export const REST: Change = { x: 0, y: 0, growth: 0, roll: 0 };

/** Landmarks relative to their mean, in pixels. */
export interface Shape {
  x: number;
  y: number;
  offsets: Float64Array;
}

export function shapeOf(points: Points): Shape {
  let [x, y] = [0, 0];
  for (let at = 0; at < points.length; at += 2) {
    x += points[at]!;
    y += points[at + 1]!;
  }
  [x, y] = [(2 * x) / points.length, (2 * y) / points.length];
  return { x, y, offsets: points.map((value, at) => value - (at % 2 === 0 ? x : y)) };
}

export function pointsOf({ x, y, offsets }: Shape): Points {
  return offsets.map((value, at) => value + (at % 2 === 0 ? x : y));
}

/** The number that, multiplied with the points of one set about their mean, comes nearest to the other by least squares. */
export function quotient(from: Float64Array, to: Float64Array): [number, number] {
  let [re, im, power] = [0, 0, 0];
  for (let at = 0; at < from.length; at += 2) {
    const [fx, fy, tx, ty] = [from[at]!, from[at + 1]!, to[at]!, to[at + 1]!];
    re += fx * tx + fy * ty;
    im += fx * ty - fy * tx;
    power += fx * fx + fy * fy;
  }
  return power > 0 ? [re / power, im / power] : [1, 0];
}

/** Points turned and grown by the number re + i im. */
export function multiplied(points: Float64Array, re: number, im: number): Float64Array {
  return points.map((value, at) => (at % 2 === 0 ? re * value - im * points[at + 1]! : re * value + im * points[at - 1]!));
}

export function plus(first: Change, second: Change): Change {
  return { x: first.x + second.x, y: first.y + second.y, growth: first.growth + second.growth, roll: first.roll + second.roll };
}

/** A fraction of the move and of the turn. */
export function scaled({ x, y, growth, roll }: Change, ofMove: number, ofTurn: number): Change {
  return { x: x * ofMove, y: y * ofMove, growth: growth * ofTurn, roll: roll * ofTurn };
}

export class Motion {
  constructor(private readonly rules: Rules["motion"]) {}

  between(before: Shape, after: Shape): Change {
    const [re, im] = quotient(before.offsets, after.offsets);
    const limit = Math.log(this.rules.max_growth);
    const growth = Math.min(Math.max(Math.log(Math.hypot(re, im)), -limit), limit);
    return { x: after.x - before.x, y: after.y - before.y, growth, roll: Math.atan2(im, re) };
  }

  changed({ x, y, offsets }: Shape, change: Change): Shape {
    const size = Math.exp(change.growth);
    return { x: x + change.x, y: y + change.y, offsets: multiplied(offsets, size * Math.cos(change.roll), size * Math.sin(change.roll)) };
  }

  /** Whether the crop of a face of such a size, pixels, stays where it is. */
  isHeld({ x, y, growth, roll }: Change, size: number): boolean {
    return Math.max(Math.abs(x), Math.abs(y)) <= this.rules.held_move * size && Math.max(Math.abs(growth), Math.abs(roll)) <= this.rules.held_turn;
  }

  /** The change that a rate predicts after a time; none where that is not positive or too long. */
  ahead(rate: Change, seconds: number): Change {
    return seconds > 0 && seconds <= this.rules.max_seconds ? scaled(rate, seconds, seconds) : REST;
  }

  /** The rate after a prediction over some time had this error. */
  nextRate(rate: Change, error: Change, seconds: number): Change {
    if (seconds > this.rules.max_seconds) return REST;
    if (seconds <= 0) return rate;
    const [ofMove, ofTurn] = this.rules.rate_gains;
    return plus(rate, scaled(error, ofMove / seconds, ofTurn / seconds));
  }

  /** What the next crop corrects of an error goes into the shape; this is what is left. */
  leftBehind(error: Change): Change {
    const [ofMove, ofTurn] = this.rules.crop_gains;
    return scaled(error, ofMove - 1, ofTurn - 1);
  }
}

/** Pixels a second: the slope of a straight line through positions at instants. */
export function steadyVelocity(places: { seconds: number; x: number; y: number }[]): Change {
  const middle = places.reduce((sum, { seconds }) => sum + seconds, 0) / places.length;
  let [x, y, spread] = [0, 0, 0];
  for (const place of places) {
    const since = place.seconds - middle;
    x += since * place.x;
    y += since * place.y;
    spread += since * since;
  }
  return spread > 0 ? { ...REST, x: x / spread, y: y / spread } : REST;
}

/** A shape moved so that its middle is inside the frame. */
export function heldInside(shape: Shape, { width, height }: Size): Shape {
  const inside = (value: number, length: number) => Math.min(Math.max(value, 0), length - 1);
  return { ...shape, x: inside(shape.x, width), y: inside(shape.y, height) };
}
