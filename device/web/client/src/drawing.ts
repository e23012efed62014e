/** Faces on a plain canvas. */

import type { Pose } from "../types/stream.d.ts";
import { rotationOf } from "./pose.ts";
import { coveredPoints } from "./regions.ts";
import type { Shown } from "./stage.ts";

/** Runs of points that lines join, scheme ibug_68; closed ones come back to their start. */
export const LINES: { from: number; to: number; closed: boolean }[] = [
  { from: 0, to: 16, closed: false },
  { from: 17, to: 21, closed: false },
  { from: 22, to: 26, closed: false },
  { from: 27, to: 30, closed: false },
  { from: 31, to: 35, closed: false },
  { from: 36, to: 41, closed: true },
  { from: 42, to: 47, closed: true },
  { from: 48, to: 59, closed: true },
  { from: 60, to: 67, closed: true },
];

/** Whether points are those of scheme ibug_68, which lines and costumes are laid out on. */
export function hasIbug68(points: Float64Array): boolean {
  return points.length === 2 * 68;
}

/** What is drawn of each face. */
export interface Wanted {
  points: boolean;
  lines: boolean;
  boxes: boolean;
  axes: boolean;
}

const INK = "#5ff0e0";
const LINE = "#5ff0e088";
const BOX = "#ffd166";
const AXES = ["#ff6b6b", "#7bd88f", "#6ba8ff"];

/** Distance of the outer eye corners, pixels. */
export function eyeDistance(points: Float64Array): number {
  return Math.hypot(points[90]! - points[72]!, points[91]! - points[73]!);
}

/**
 * Draw faces.
 *
 * @param scale canvas pixels per frame pixel. (0, 0) is the middle of the frame's first pixel.
 */
export function drawFaces(canvas: CanvasRenderingContext2D, faces: Shown[], scale: number, wanted: Wanted): void {
  canvas.save();
  canvas.setTransform(scale, 0, 0, scale, scale / 2, scale / 2);
  for (const face of faces) {
    canvas.globalAlpha = face.opacity;
    if (wanted.boxes) drawBox(canvas, face, scale);
    if (wanted.lines && hasIbug68(face.points)) drawLines(canvas, face.points, scale);
    if (wanted.points) drawPoints(canvas, face, scale);
    if (wanted.axes && face.pose) drawAxes(canvas, face.points, face.pose, scale);
  }
  canvas.restore();
}

function drawBox(canvas: CanvasRenderingContext2D, face: Shown, scale: number): void {
  const [left, top, right, bottom] = face.box;
  canvas.strokeStyle = BOX;
  canvas.lineWidth = 1.5 / scale;
  canvas.strokeRect(left, top, right - left, bottom - top);
  canvas.font = `${14 / scale}px system-ui, sans-serif`;
  canvas.fillStyle = BOX;
  canvas.fillText(`${face.id} · ${Math.round(face.face.score * 100)} %`, left, top - 5 / scale);
}

function drawLines(canvas: CanvasRenderingContext2D, points: Float64Array, scale: number): void {
  canvas.strokeStyle = LINE;
  canvas.lineWidth = 1.5 / scale;
  canvas.beginPath();
  for (const { from, to, closed } of LINES) {
    canvas.moveTo(points[2 * from]!, points[2 * from + 1]!);
    for (let index = from + 1; index <= to; index++) canvas.lineTo(points[2 * index]!, points[2 * index + 1]!);
    if (closed) canvas.lineTo(points[2 * from]!, points[2 * from + 1]!);
  }
  canvas.stroke();
}

/** Discs, and rings where the face seems to be covered. */
function drawPoints(canvas: CanvasRenderingContext2D, { points, face }: Shown, scale: number): void {
  const covered = coveredPoints(face);
  const radius = 2.2 / scale;
  const discs = new Path2D();
  const rings = new Path2D();
  for (let index = 0; index < points.length / 2; index++) {
    const [x, y] = [points[2 * index]!, points[2 * index + 1]!];
    const path = covered.has(index) ? rings : discs;
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
  canvas.fillStyle = canvas.strokeStyle = INK;
  canvas.lineWidth = 0.8 / scale;
  canvas.fill(discs);
  canvas.stroke(rings);
}

function drawAxes(canvas: CanvasRenderingContext2D, points: Float64Array, pose: Pose, scale: number): void {
  const rotation = rotationOf(pose);
  const length = eyeDistance(points) * 0.6;
  // From the tip of the nose; the third axis is drawn towards the viewer, where the face looks.
  const [x, y] = [points[60]!, points[61]!];
  canvas.lineWidth = 2.5 / scale;
  [1, 1, -1].forEach((sign, axis) => {
    canvas.strokeStyle = AXES[axis]!;
    canvas.beginPath();
    canvas.moveTo(x, y);
    canvas.lineTo(x + sign * length * rotation[0]![axis]!, y + sign * length * rotation[1]![axis]!);
    canvas.stroke();
  });
}
