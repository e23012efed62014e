/** What the landmark network finds at one place of a frame (device/tracking/observation.py). */

import type { FoundFace } from "./finder.ts";
import { type Affine, apply, type Box, boxAround, cropOfBox, cropOfFace, inverse, longestSide, type Points, type Size } from "./geometry.ts";
import type { LandmarkNetwork } from "./landmark_network.ts";
import { crop, type Picture } from "./pixels.ts";
import type { Rules } from "./rules.ts";
import { type Shape, shapeOf } from "./shape_motion.ts";
import type { Stopwatch } from "./stopwatch.ts";

export interface Observation {
  /** Presence, 0 to 1. */
  score: number;
  /** Pixels of the frame. */
  landmarks: Points;
  /** 0 to 1; lower for landmarks outside the frame. */
  scores: Float64Array;
  box: Box;
  /** Longest side of the box, pixels; at least one, so that it may divide. */
  size: number;
  shape: Shape;
}

export function meanScore({ scores }: Observation): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Runs the network on crops of one frame. */
export class Observer {
  constructor(private readonly network: LandmarkNetwork, readonly picture: Picture, private readonly watch: Stopwatch, private readonly rules: Rules) {}

  /** The face in a finder's box, cropped at the finder's roll and so much more. */
  onBox(found: FoundFace, turn = 0): Promise<Observation> {
    return this.run(cropOfBox(found.box, this.network.manifest.crop.margin, this.network.cropSize, found.angle + turn));
  }

  /** The face whose landmarks are expected there, cropped upright but for a turn. */
  onLandmarks(landmarks: Points, turn = 0): Promise<Observation> {
    const { crop: rule, scheme } = this.network.manifest;
    return this.run(cropOfFace(landmarks, this.rules.eye_rings[scheme]!, rule.margin, this.network.cropSize, turn));
  }

  private async run(toCrop: Affine): Promise<Observation> {
    this.watch.begin();
    const pixels = crop(this.picture, toCrop, this.network.cropSize);
    this.watch.end("crop");
    await this.network.infer(pixels);
    this.watch.end("infer");
    const decoded = this.network.decode();
    const landmarks = apply(inverse(toCrop), decoded.landmarks);
    const scores = this.loweredOutside(decoded.scores, landmarks, this.picture);
    this.watch.end("decode");
    const box = boxAround(landmarks);
    return { score: decoded.presence, landmarks, scores, box, size: Math.max(longestSide(box), 1), shape: shapeOf(landmarks) };
  }

  /** Scores, lower for landmarks outside the frame by the further error that is expected there. */
  private loweredOutside(scores: Float64Array, landmarks: Points, { width, height }: Size): Float64Array {
    const { outside_error: more, half_score_error: half } = this.rules.observation;
    return scores.map((score, index) => {
      const [x, y] = [landmarks[2 * index]!, landmarks[2 * index + 1]!];
      const outside = x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5;
      return outside ? score / (1 + (score * more) / half) : score;
    });
  }
}
