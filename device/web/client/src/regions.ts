/** Regions of the face that the stream may call occluded. */

import type { Face } from "../types/stream.d.ts";

export type Region = NonNullable<Face["occluded"]>[number];

/** First and last point of each, scheme ibug_68. */
const POINTS: Record<Region, [number, number]> = {
  jaw: [0, 16],
  brow_right: [17, 21],
  brow_left: [22, 26],
  nose: [27, 35],
  eye_right: [36, 41],
  eye_left: [42, 47],
  mouth: [48, 67],
};

export function isRegion(name: unknown): name is Region {
  return typeof name === "string" && Object.hasOwn(POINTS, name);
}

/** Points of a face that seem to be covered. */
export function coveredPoints({ occluded = [] }: Pick<Face, "occluded">): Set<number> {
  const covered = new Set<number>();
  for (const region of occluded) {
    const [first, last] = POINTS[region];
    for (let index = first; index <= last; index++) covered.add(index);
  }
  return covered;
}
