/** The surface of a face, from the chin to the hairline, moved by its landmarks. */

import { BufferGeometry, Float32BufferAttribute, Matrix4, Vector3 } from "three";
import type { Pose } from "../messages.ts";
import { headMatrix } from "../pose.ts";
import { FOREHEAD, FOREHEAD_ROW, MEAN_LANDMARKS } from "./proportions.ts";
import { coarse, subdivided } from "./subdivision.ts";
import { TRIANGLES } from "./triangles.ts";

const COUNT = MEAN_LANDMARKS.length;
const MEAN_POINTS = [...MEAN_LANDMARKS, ...FOREHEAD];

/** The upper edge of the landmarks' triangles, from the subject's right to the left. */
const BROW_LINE = [0, 17, 18, 19, 24, 25, 26, 16];

/** The lips, from the subject's right corner to the left, each from above down. */
const UPPER_LIP = [[48, 49, 50, 51, 52, 53, 54], [60, 61, 62, 63, 64]] as const;
const LOWER_LIP = [[60, 67, 66, 65, 64], [48, 59, 58, 57, 56, 55, 54]] as const;

/** Rings of landmarks, with the clock as seen, that the mask leaves open: eyes and mouth. */
const OPENINGS = [[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47], [60, 61, 62, 63, 64, 65, 66, 67]];

/** Lines along which the surface keeps its edge: lids and lips. */
const CREASES = [...OPENINGS, [48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59]];

/** Triangles of a band between two rows of points that run the same way, the upper one first. */
function band(upper: readonly number[], lower: readonly number[]): number[] {
  const triangles: number[] = [];
  let [low, high] = [0, 0];
  while (low + 1 < lower.length || high + 1 < upper.length) {
    const [nextLow, nextHigh] = [lower[low + 1], upper[high + 1]];
    const lowIsNearer = nextHigh === undefined || (nextLow !== undefined && MEAN_POINTS[nextLow]!.x <= MEAN_POINTS[nextHigh]!.x);
    const next = lowIsNearer ? lower[++low]! : upper[high + 1]!;
    triangles.push(lower[lowIsNearer ? low - 1 : low]!, next, upper[high]!);
    if (!lowIsNearer) high++;
  }
  return triangles;
}

function row(number: number): number[] {
  return Array.from({ length: FOREHEAD_ROW }, (_, index) => COUNT + number * FOREHEAD_ROW + index);
}

/** Corners against the clock as seen, for three.js; the landmarks' own triangles run with it. */
const FACE = [...TRIANGLES].reverse().concat(band(row(1), row(0)), band(row(0), BROW_LINE), band(...UPPER_LIP), band(...LOWER_LIP));
const CLOSED = OPENINGS.flatMap(([first, ...ring]) => ring.slice(1).flatMap((point, index) => [first!, point, ring[index]!]));
const BASE = [...FACE, ...CLOSED];
const MESH = subdivided(subdivided(coarse(MEAN_POINTS.length, BASE, CREASES)));

/** Points of the fine mesh as sums over the coarse one: `starts[i]` to `starts[i + 1]` of `indices` and `weights`. */
const SUMS = {
  starts: MESH.weights.reduce((starts, row) => [...starts, starts.at(-1)! + row.size], [0]),
  indices: Uint16Array.from(MESH.weights.flatMap((row) => [...row.keys()])),
  weights: Float32Array.from(MESH.weights.flatMap((row) => [...row.values()])),
};

/** x and y of the texture's corners on the mean face, eye distances, y up. */
export const TEXTURE_BOX = { left: -1, right: 1, bottom: -1.45, top: 1 };

/** Position of the first so many fine points, by default of all: the coarse ones' weighted means. */
function refine(points: readonly Vector3[], set: (index: number, x: number, y: number, z: number) => void, count = MESH.weights.length): void {
  for (let index = 0; index < count; index++) {
    let [x, y, z] = [0, 0, 0];
    for (let at = SUMS.starts[index]!; at < SUMS.starts[index + 1]!; at++) {
      const [point, weight] = [points[SUMS.indices[at]!]!, SUMS.weights[at]!];
      x += weight * point.x;
      y += weight * point.y;
      z += weight * point.z;
    }
    set(index, x, y, z);
  }
}

function textureCoordinates(): Float32BufferAttribute {
  const { left, right, bottom, top } = TEXTURE_BOX;
  const uv = new Float32BufferAttribute(new Float32Array(2 * MESH.weights.length), 2);
  refine(MEAN_POINTS, (index, x, y) => uv.setXY(index, (x - left) / (right - left), (y - bottom) / (top - bottom)));
  return uv;
}

export class FaceSurface {
  /** The whole surface, and the surface with openings for eyes and mouth: two sets of triangles over the same points. */
  readonly closed = new BufferGeometry();
  readonly open = new BufferGeometry();
  private readonly points = MEAN_POINTS.map(() => new Vector3());
  private readonly positions = new Float32BufferAttribute(new Float32Array(3 * MESH.weights.length), 3);
  private covered = "none yet";

  constructor() {
    const uv = textureCoordinates();
    for (const geometry of [this.closed, this.open]) {
      geometry.setAttribute("position", this.positions);
      geometry.setAttribute("uv", uv);
    }
    this.leaveOut(new Set());
    this.closed.computeVertexNormals();
    this.open.setAttribute("normal", this.closed.getAttribute("normal"));
  }

  /**
   * Put each landmark where it is seen, as far away as that of a mean face with this pose.
   *
   * @param landmarks x, y of each; pixels of the frame.
   * @param covered landmarks whose triangles are left out.
   */
  place(landmarks: Float64Array, pose: Pose, frame: { width: number; height: number }, covered: Set<number>): void {
    const head = new Matrix4().fromArray(headMatrix(pose));
    MEAN_POINTS.forEach((mean, index) => this.points[index]!.copy(mean).applyMatrix4(head));
    const shift = this.moveToLandmarks(landmarks, pose, frame);
    // The forehead goes along with the brows, the upper row less: hair does not move with them.
    for (let index = COUNT; index < MEAN_POINTS.length; index++) this.points[index]!.addScaledVector(shift, index < COUNT + FOREHEAD_ROW ? 0.8 : 0.5);
    this.sharpen();
    refine(this.points, (index, x, y, z) => this.positions.setXYZ(index, x, y, z));
    this.positions.needsUpdate = true;
    this.leaveOut(covered);
    this.closed.computeVertexNormals();
  }

  dispose(): void {
    this.closed.dispose();
    this.open.dispose();
  }

  /** Landmarks at their mean depth; the mean move of those that bound the forehead. */
  private moveToLandmarks(landmarks: Float64Array, pose: Pose, frame: { width: number; height: number }): Vector3 {
    const shift = new Vector3();
    for (let index = 0; index < COUNT; index++) {
      const point = this.points[index]!;
      const perPixel = -point.z / pose.focal_px;
      const x = (landmarks[2 * index]! - (frame.width - 1) / 2) * perPixel;
      const y = -(landmarks[2 * index + 1]! - (frame.height - 1) / 2) * perPixel;
      if (BROW_LINE.includes(index)) shift.add(new Vector3(x - point.x, y - point.y, 0).divideScalar(BROW_LINE.length));
      point.set(x, y, point.z);
    }
    return shift;
  }

  /** Move each point away from where subdivision would pull it, so that the fine surface passes near the landmarks. */
  private sharpen(): void {
    const pulled = MEAN_LANDMARKS.map(() => new Vector3());
    refine(this.points, (index, x, y, z) => pulled[index]!.set(x, y, z), COUNT);
    pulled.forEach((point, index) => this.points[index]!.multiplyScalar(2).sub(point));
  }

  private leaveOut(covered: Set<number>): void {
    const name = [...covered].join();
    if (name === this.covered) return;
    this.covered = name;
    const hidden = new Set<number>();
    BASE.forEach((point, corner) => covered.has(point) && hidden.add(Math.floor(corner / 3)));
    const kept = (limit: number) => MESH.triangles.filter((_, corner) => {
      const parent = MESH.parents[Math.floor(corner / 3)]!;
      return parent < limit && !hidden.has(parent);
    });
    this.closed.setIndex(kept(BASE.length / 3));
    this.open.setIndex(kept(FACE.length / 3));
  }
}
