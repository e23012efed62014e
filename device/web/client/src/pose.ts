/** Where a head is and which way it looks. */

import type { Pose } from "../types/stream.d.ts";

/** The head's own axes in the camera's (columns: to the picture's right, down, away), R = Ry(-yaw) Rx(-pitch) Rz(roll). */
export function rotationOf(pose: Pick<Pose, "yaw" | "pitch" | "roll">): number[][] {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [cy, sy] = [Math.cos(radians(-pose.yaw)), Math.sin(radians(-pose.yaw))];
  const [cx, sx] = [Math.cos(radians(-pose.pitch)), Math.sin(radians(-pose.pitch))];
  const [cz, sz] = [Math.cos(radians(pose.roll)), Math.sin(radians(pose.roll))];
  return [
    [cy * cz + sy * sx * sz, -cy * sz + sy * sx * cz, sy * cx],
    [cx * sz, cx * cz, -sx],
    [-sy * cz + cy * sx * sz, sy * sz + cy * sx * cz, cy * cx],
  ];
}

/**
 * A head's place as the matrix of an object in three.js: 16 numbers, column by column, for `matrix.fromArray`.
 *
 * The object's own axes are x to the picture's right, y up and z towards the viewer when the head looks straight
 * into the camera; its origin is the middle between the outer eye corners, its unit the distance between them.
 */
export function headMatrix(pose: Pose): number[] {
  // Camera axes (y down, z away) to the scene's: F R F with F = diag(1, -1, -1).
  const [r, p] = [rotationOf(pose), pose.position];
  return [
    r[0]![0]!, -r[1]![0]!, -r[2]![0]!, 0,
    -r[0]![1]!, r[1]![1]!, r[2]![1]!, 0,
    -r[0]![2]!, r[1]![2]!, r[2]![2]!, 0,
    p[0]!, -p[1]!, -p[2]!, 1,
  ];
}

/** The upright angle of view, in degrees, of a camera that sees the head where the frame does. */
export function viewAngle(pose: Pose, frame: { width: number; height: number }): number {
  return (2 * Math.atan(frame.height / 2 / pose.focal_px) * 180) / Math.PI;
}

/** Of the frame's larger side: what most cameras have, where the stream says nothing. */
const USUAL_FOCAL = 1.0;

/** A head's pose from its points alone, for streams that carry none: the eyes' line and where the nose points. */
export function guessPose(points: Float64Array, width: number, height: number): Pose {
  const [ax, ay, bx, by] = [points[72]!, points[73]!, points[90]!, points[91]!];
  const distance = Math.max(Math.hypot(bx - ax, by - ay), 1e-3);
  const [ux, uy] = [(bx - ax) / distance, (by - ay) / distance];
  const [nx, ny] = [points[60]! - (ax + bx) / 2, points[61]! - (ay + by) / 2];
  // The tip of the nose stands about 0.55 eye distances before the eyes and 0.45 below them.
  const across = Math.max(Math.min((nx * ux + ny * uy) / distance / 0.55, 1), -1);
  const down = Math.max(Math.min(((ny * ux - nx * uy) / distance - 0.45) / 0.55, 1), -1);
  const yaw = Math.asin(across);
  const focal = USUAL_FOCAL * Math.max(width, height);
  const depth = (focal * Math.max(Math.cos(yaw), 0.3)) / distance;
  const degrees = 180 / Math.PI;
  return {
    yaw: yaw * degrees,
    pitch: -Math.asin(down) * degrees,
    roll: Math.atan2(uy, ux) * degrees,
    position: [(((ax + bx) / 2 - (width - 1) / 2) * depth) / focal, (((ay + by) / 2 - (height - 1) / 2) * depth) / focal, depth],
    focal_px: focal,
    misfit: 0,
  };
}
