/** The landmark network: a crop in, landmarks with their scores out (device/inference/network.py, device/contract/codec.py). */

import type { Points, Size } from "./geometry.ts";
import { checkModel, identityOf, type ModelManifest, real, type Rules } from "./rules.ts";
import type { Runner } from "./runtime.ts";
import { ShapeCorrection } from "./shape.ts";

/** The network's result for one crop. */
export interface Decoded {
  /** Pixels of the crop. */
  landmarks: Points;
  /** 0 to 1, from the spread of each map. */
  scores: Float64Array;
  /** Probability that the crop holds a face, 0 to 1. */
  presence: number;
}

export class LandmarkNetwork {
  readonly identity: string;
  readonly cropSize: Size;
  private readonly table: Float64Array;
  private readonly correction: ShapeCorrection | null;
  private outputs: Int8Array[] = [];

  /**
   * @param runner gives maps and presence.
   * @throws UnusableModel when this program cannot obey the manifest.
   */
  constructor(readonly manifest: ModelManifest, private readonly runner: Runner, rules: Rules) {
    checkModel(manifest, rules);
    const { codec, crop, heatmap } = manifest;
    this.identity = identityOf(manifest);
    this.cropSize = { width: crop.size_wh[0], height: crop.size_wh[1] };
    // Of int8 values by their bits as uint8; relative to the largest, for a softmax does not see a common factor.
    this.table = Float64Array.from({ length: 256 }, (_, bits) => Math.exp((((bits << 24) >> 24) - 127) * heatmap.scale));
    this.correction = codec.shape ? new ShapeCorrection(codec.shape, heatmap.shape[3]!) : null;
  }

  /** Run on a crop: blue, green, red of each pixel. */
  async infer(crop: Uint8Array): Promise<void> {
    this.outputs = await this.runner.run(crop);
  }

  /** The result of the last `infer`. */
  decode(): Decoded {
    const [maps, presence] = this.outputs as [Int8Array, Int8Array];
    const { landmarks, spreads } = this.expectations(maps);
    const { half_score_px: half, sure_px: sure } = this.manifest.codec;
    return {
      landmarks: this.correction?.correct(landmarks) ?? landmarks,
      scores: spreads.map((spread) => 1 / (1 + Math.max(spread * spread - sure * sure, 0) / (half * half))),
      presence: 1 / (1 + Math.exp(-real(this.manifest.presence, presence[0]!))),
    };
  }

  /** Of each map the expectation of the softmax, and the standard deviation along one axis; pixels of the crop. */
  private expectations(maps: Int8Array): { landmarks: Points; spreads: Float64Array } {
    const [, rows, columns, count] = this.manifest.heatmap.shape as [number, number, number, number];
    const [sum, sumX, sumY, squares] = [0, 1, 2, 3].map(() => new Float64Array(count)) as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let point = 0; point < count; point++, at++) {
          const weight = this.table[maps[at]! & 0xff]!;
          sum[point]! += weight;
          sumX[point]! += weight * column;
          sumY[point]! += weight * row;
          squares[point]! += weight * (column * column + row * row);
        }
      }
    }
    const { stride } = this.manifest.codec;
    const landmarks = new Float64Array(2 * count);
    const spreads = new Float64Array(count);
    for (let point = 0; point < count; point++) {
      const [x, y] = [sumX[point]! / sum[point]!, sumY[point]! / sum[point]!];
      landmarks[2 * point] = (x + 0.5) * stride - 0.5;
      landmarks[2 * point + 1] = (y + 0.5) * stride - 0.5;
      spreads[point] = stride * Math.sqrt(Math.max(squares[point]! / sum[point]! - x * x - y * y, 0) / 2);
    }
    return { landmarks, spreads };
  }
}
