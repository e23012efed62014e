/**
 * Boxes, points, and the affine maps between a frame and a crop, as device/contract/geometry.py and boxes.py have them.
 *
 * (0, 0) is the centre of the top left pixel, x runs right, y down; angles are radians, clockwise as seen. Points are x0, y0, x1, y1, ...
 */

/** x_min, y_min, x_max, y_max; pixels. */
export type Box = [number, number, number, number];

/** x0, y0, x1, y1, ...; pixels. */
export type Points = Float64Array;

/** The map (x, y) -> (a x + b y + c, d x + e y + f). */
export type Affine = [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Size {
  width: number;
  height: number;
}

export function boxAround(points: Points): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    box[0] = Math.min(box[0], points[at]!);
    box[1] = Math.min(box[1], points[at + 1]!);
    box[2] = Math.max(box[2], points[at]!);
    box[3] = Math.max(box[3], points[at + 1]!);
  }
  return box;
}

export function centreOf([left, top, right, bottom]: Box): [number, number] {
  return [(left + right) / 2, (top + bottom) / 2];
}

export function longestSide([left, top, right, bottom]: Box): number {
  return Math.max(right - left, bottom - top);
}

function areaOf([left, top, right, bottom]: Box): number {
  return Math.max(right - left, 0) * Math.max(bottom - top, 0);
}

/** Intersection over union, 0 to 1. */
export function iou(a: Box, b: Box): number {
  const shared = areaOf([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return shared / Math.max(areaOf(a) + areaOf(b) - shared, Number.MIN_VALUE);
}

export function inverse([a, b, c, d, e, f]: Affine): Affine {
  const area = a * e - b * d;
  const [ia, ib, id, ie] = [e / area, -b / area, -d / area, a / area];
  return [ia, ib, -(ia * c + ib * f), id, ie, -(id * c + ie * f)];
}

export function apply([a, b, c, d, e, f]: Affine, points: ArrayLike<number>): Points {
  const moved = new Float64Array(points.length);
  for (let at = 0; at < points.length; at += 2) {
    const [x, y] = [points[at]!, points[at + 1]!];
    moved[at] = a * x + b * y + c;
    moved[at + 1] = d * x + e * y + f;
  }
  return moved;
}

/** A square region of the frame, turned by an angle, to a crop of a size: the map from the frame to the crop. */
export function fromRoi([x, y]: [number, number], side: number, { width, height }: Size, angle: number): Affine {
  const scale = width / side;
  const [cosine, sine] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  return [cosine, sine, (width - 1) / 2 - (cosine * x + sine * y), -sine, cosine, (height - 1) / 2 - (cosine * y - sine * x)];
}

/** The crop rule: a square on the box's centre, `margin` times its longest side. */
export function cropOfBox(box: Box, margin: number, size: Size, angle: number): Affine {
  return fromRoi(centreOf(box), Math.max(longestSide(box) * margin, 1), size, angle);
}

/** The mean of some of the points. */
export function meanOf(points: Points, indices: number[]): [number, number] {
  let [x, y] = [0, 0];
  for (const index of indices) {
    x += points[2 * index]!;
    y += points[2 * index + 1]!;
  }
  return [x / indices.length, y / indices.length];
}

/** The upright crop of a face whose landmarks are known: the crop rule in the axes of its eye line. */
export function cropOfFace(landmarks: Points, eyes: [number[], number[]], margin: number, size: Size, turn: number): Affine {
  const [right, left] = eyes.map((ring) => meanOf(landmarks, ring)) as [[number, number], [number, number]];
  const roll = Math.atan2(left[1] - right[1], left[0] - right[0]);
  const [cosine, sine] = [Math.cos(roll), Math.sin(roll)];
  const upright = boxAround(apply([cosine, sine, 0, -sine, cosine, 0], landmarks));
  const [x, y] = centreOf(upright);
  const centre: [number, number] = [cosine * x - sine * y, sine * x + cosine * y];
  return fromRoi(centre, Math.max(longestSide(upright) * margin, 1), size, roll + turn);
}

/** Indices of the boxes to keep, best first: each removes the later ones that overlap it. */
export function nonMaximumSuppression(boxes: Box[], threshold: number): number[] {
  const kept: number[] = [];
  boxes.forEach((box, index) => {
    if (kept.every((other) => iou(boxes[other]!, box) <= threshold)) kept.push(index);
  });
  return kept;
}
