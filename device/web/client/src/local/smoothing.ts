/**
 * Landmark smoothing: One Euro filters (Casiez, Roussel, Vogel, CHI 2012) in the face's own frame, as device/signal/smoothing.py
 * and one_euro.py have it. Points are numbers of the complex plane: one point has one speed and one cutoff.
 */

import type { Points } from "./geometry.ts";
import type { OneEuroParameters, Rules } from "./rules.ts";
import { multiplied, quotient, type Shape } from "./shape_motion.ts";

function smoothingFactor(cutoffHz: number, seconds: number): number {
  const radians = cutoffHz * 2 * Math.PI * seconds;
  return radians / (radians + 1);
}

/** The filter of points x0, y0, x1, y1, ... */
class OneEuro {
  private readonly velocities: Float64Array;

  constructor(private readonly parameters: OneEuroParameters, public values: Float64Array) {
    this.velocities = new Float64Array(values.length);
  }

  /** @param unit length that speed is measured in. */
  follow(values: Float64Array, seconds: number, unit = 1): Float64Array {
    const { min_cutoff_hz: least, beta, d_cutoff_hz: ofSpeed } = this.parameters;
    const alpha = smoothingFactor(ofSpeed, seconds);
    const difference = values.map((value, at) => value - this.values[at]!);
    difference.forEach((step, at) => (this.velocities[at]! += alpha * (step / seconds - this.velocities[at]!)));
    this.values = this.values.map((value, at) => {
      const pair = at - (at % 2);
      const speed = Math.hypot(this.velocities[pair]!, this.velocities[pair + 1]!);
      return value + smoothingFactor(least + (beta * speed) / unit, seconds) * difference[at]!;
    });
    return this.values;
  }
}

/** The filter of one face: its points in its own frame, its place, and the logarithm of its size with its roll. */
export class SteadyFace {
  private readonly shape: OneEuro;
  private readonly place: OneEuro;
  private readonly turn: OneEuro;

  constructor(rules: NonNullable<Rules["smoothing"]>, frontRadius: number, face: Shape) {
    const spread = Math.sqrt((2 * face.offsets.reduce((sum, value) => sum + value * value, 0)) / face.offsets.length);
    const size = Math.max(spread / frontRadius, 1e-6);
    this.shape = new OneEuro(rules.shape, face.offsets.map((value) => value / size));
    this.place = new OneEuro(rules.whole, Float64Array.of(face.x, face.y));
    this.turn = new OneEuro(rules.whole, Float64Array.of(Math.log(size), 0));
  }

  /** The filtered landmarks of a new observation, so many seconds (above 0) after the last. */
  follow(face: Shape, seconds: number): Points {
    const [re, im] = quotient(this.shape.values, face.offsets);
    const size = Math.hypot(re, im);
    const last = this.turn.values[1]!;
    // The roll is known up to whole turns: take the one nearest to the last.
    const off = Math.atan2(im, re) - last;
    const roll = last + Math.atan2(Math.sin(off), Math.cos(off));
    const shape = this.shape.follow(multiplied(face.offsets, re / size ** 2, -im / size ** 2), seconds);
    const [x, y] = this.place.follow(Float64Array.of(face.x, face.y), seconds, Math.max(size, 1e-6)) as unknown as [number, number];
    const [growth, angle] = this.turn.follow(Float64Array.of(Math.log(size), roll), seconds) as unknown as [number, number];
    const steady = multiplied(shape, Math.exp(growth) * Math.cos(angle), Math.exp(growth) * Math.sin(angle));
    return steady.map((value, at) => value + (at % 2 === 0 ? x : y));
  }
}
