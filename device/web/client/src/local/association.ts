/** Which boxes are the same face, and which observed face is which known one (device/tracking/association.py). */

import { type Box, centreOf, iou, longestSide } from "./geometry.ts";

function sizeOf(box: Box): number {
  return Math.max(longestSide(box), 1);
}

/** Distance of the centres, in units of the larger box's size. */
export function distance(a: Box, b: Box): number {
  const [[ax, ay], [bx, by]] = [centreOf(a), centreOf(b)];
  return Math.hypot(ax - bx, ay - by) / Math.max(sizeOf(a), sizeOf(b));
}

/** Whether two boxes can only be one face: they overlap, or their centres are so near that no second face has room there. */
export function isSameFace(a: Box, b: Box, threshold: number, near: number): boolean {
  return iou(a, b) > threshold || distance(a, b) < near;
}

/** Cost of taking a found box for an expected face; infinite where it cannot be. */
export function returnCost(expected: Box, found: Box, reach: number, sizeRatio: number): number {
  const apart = distance(expected, found);
  const unlike = Math.abs(Math.log(sizeOf(expected) / sizeOf(found)));
  return apart <= reach && unlike <= Math.log(sizeRatio) ? apart + unlike : Infinity;
}

/** Pairs of row and column of a matrix of costs, cheapest first, each row and column once. */
export function matchCheapest(costs: number[][]): [number, number][] {
  const all = costs.flatMap((line, row) => line.map((cost, column) => ({ cost, row, column })));
  const pairs: [number, number][] = [];
  for (const { row, column } of all.filter((each) => Number.isFinite(each.cost)).sort((a, b) => a.cost - b.cost)) {
    if (pairs.every(([other, taken]) => other !== row && taken !== column)) pairs.push([row, column]);
  }
  return pairs;
}
