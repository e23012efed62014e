/** The face finder: a whole frame in, boxes out (device/finders/trained.py, device/contract/finder_codec.py). */

import { type Box, nonMaximumSuppression, type Size } from "./geometry.ts";
import { letterbox, type Picture, shownSize } from "./pixels.ts";
import { checkFinder, type FinderManifest, real } from "./rules.ts";
import type { Runner } from "./runtime.ts";

/** One face found in a frame. */
export interface FoundFace {
  /** Tight box of the landmarks, pixels of the frame. */
  box: Box;
  /** 0 to 1. */
  score: number;
  /** Roll of the eye line, radians. */
  angle: number;
}

/** Sides beyond 2^8 of the codec's unit are meaningless, from a damaged map. */
const MOST_LOG2 = 8;

const POINTS = 5;

export class Finder {
  private readonly size: Size;

  /**
   * @param runner gives scores, boxes and points.
   * @throws UnusableModel when this program cannot obey the manifest.
   */
  constructor(private readonly manifest: FinderManifest, private readonly runner: Runner) {
    checkFinder(manifest);
    this.size = { width: manifest.input.shape[2]!, height: manifest.input.shape[1]! };
  }

  /** Faces of a frame, best first. */
  async find(picture: Picture): Promise<FoundFace[]> {
    const [scores, boxes, points] = (await this.runner.run(letterbox(picture, this.size))) as [Int8Array, Int8Array, Int8Array];
    const cells = this.claims(scores);
    const found = cells.map((cell) => this.decode(cell, real(this.manifest.score, scores[cell]!), boxes, points));
    const kept = nonMaximumSuppression(found.map(({ box }) => box), this.manifest.codec.most_iou);
    return kept.map((index) => this.inFrame(found[index]!, picture));
  }

  /** Cells that claim a face, best first. */
  private claims(scores: Int8Array): number[] {
    const { least_score: least } = this.manifest.codec;
    const threshold = Math.ceil(Math.log(least / (1 - least)) / this.manifest.score.scale) + this.manifest.score.zero_point;
    const cells = [...scores.keys()].filter((cell) => scores[cell]! >= threshold);
    return cells.sort((a, b) => scores[b]! - scores[a]!);
  }

  private decode(cell: number, logit: number, boxes: Int8Array, points: Int8Array): FoundFace & { eyes: [number, number, number, number] } {
    const { codec, score, box, points: spec } = this.manifest;
    const columns = score.shape[2]!;
    const value = (axis: number) => real(box, boxes[4 * cell + axis]!);
    const centre = [cell % columns, Math.floor(cell / columns)].map((place, axis) => (place + 0.5) * codec.stride - 0.5 + value(axis) * codec.offset_px);
    const side = [2, 3].map((axis) => codec.size_px * 2 ** Math.min(Math.max(value(axis), -MOST_LOG2), MOST_LOG2));
    const eyes = [0, 1, 2, 3].map((at) => real(spec, points[2 * POINTS * cell + at]!) * side[at % 2]! + centre[at % 2]!);
    return {
      box: [centre[0]! - side[0]! / 2, centre[1]! - side[1]! / 2, centre[0]! + side[0]! / 2, centre[1]! + side[1]! / 2],
      score: 1 / (1 + Math.exp(-logit)),
      angle: 0,
      eyes: eyes as [number, number, number, number],
    };
  }

  /** From pixels of the input to pixels of the frame. */
  private inFrame({ box, score, eyes }: ReturnType<Finder["decode"]>, frame: Size): FoundFace {
    const shown = shownSize(frame, this.size);
    const scale = [shown.width / frame.width, shown.height / frame.height];
    const place = (value: number, at: number) => (value + 0.5) / scale[at % 2]! - 0.5;
    const [rightX, rightY, leftX, leftY] = eyes.map(place) as [number, number, number, number];
    return { box: box.map(place) as Box, score, angle: Math.atan2(leftY - rightY, leftX - rightX) };
  }
}
