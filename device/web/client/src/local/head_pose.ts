/** Head pose: the rotation and position at which the mean face projects onto the landmarks (device/signal/pose.py). */

import type { Pose } from "../messages.ts";
import { guessPose, rotationOf } from "../pose.ts";
import type { Points, Size } from "./geometry.ts";
import type { Rules } from "./rules.ts";

type Vector = [number, number, number];
type Rotation = [Vector, Vector, Vector];

/** A pose as the least squares move it. */
interface Placement {
  rotation: Rotation;
  position: Vector;
}

/** Steps from a guess, which may be far off: more than from the last frame's pose. */
const STEPS_FROM_GUESS = 30;

function times(rotation: Rotation, [x, y, z]: Vector): Vector {
  return rotation.map((row) => row[0] * x + row[1] * y + row[2] * z) as Vector;
}

/** The rotation about a vector by its length (Rodrigues). */
function aboutVector([x, y, z]: Vector): Rotation {
  const angle = Math.hypot(x, y, z);
  const a = angle < 1e-9 ? 1 : Math.sin(angle) / angle;
  const b = angle < 1e-9 ? 0.5 : (1 - Math.cos(angle)) / angle ** 2;
  return [
    [1 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y],
    [b * x * y + a * z, 1 - b * (x * x + z * z), b * y * z - a * x],
    [b * x * z - a * y, b * y * z + a * x, 1 - b * (x * x + y * y)],
  ];
}

function product(left: Rotation, right: Rotation): Rotation {
  return left.map((row) => [0, 1, 2].map((column) => row[0] * right[0][column]! + row[1] * right[1][column]! + row[2] * right[2][column]!)) as Rotation;
}

/** The solution of a small system of linear equations, by elimination; NaN where there is none. */
function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index]!]);
  for (let column = 0; column < rows.length; column++) {
    const pivot = rows.slice(column).reduce((best, row, index) => (Math.abs(row[column]!) > Math.abs(rows[best]![column]!) ? column + index : best), column);
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < rows.length; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let each = column; each <= rows.length; each++) rows[row]![each]! -= factor * rows[column]![each]!;
    }
  }
  return rows.map((row, index) => row.at(-1)! / row[index]!);
}

/** The angles of a rotation, degrees: R = Ry(-yaw) Rx(-pitch) Rz(roll). */
function anglesOf([[, , across], [tilted, upright, up], [, , forward]]: Rotation): Pick<Pose, "yaw" | "pitch" | "roll"> {
  const degrees = 180 / Math.PI;
  return {
    yaw: Math.atan2(-across, forward) * degrees,
    pitch: Math.asin(Math.min(Math.max(up, -1), 1)) * degrees,
    roll: Math.atan2(tilted, upright) * degrees,
  };
}

/** The pose of one head, from frame to frame. */
export class HeadPose {
  private last: Placement | null = null;

  constructor(private readonly rules: Pick<Rules, "pose" | "mean_face" | "view_degrees">) {}

  /** The pose for landmarks of scheme ibug_68; null where there is none. */
  find(landmarks: Points, frame: Size): Pose | null {
    const focal = Math.max(frame.width, frame.height) / 2 / Math.tan((this.rules.view_degrees * Math.PI) / 360);
    const { max_steps, max_step } = this.rules.pose;
    const known = this.last && this.refine(landmarks, frame, focal, this.last, max_steps, max_step);
    return known ?? this.refine(landmarks, frame, focal, guess(landmarks, frame, focal), STEPS_FROM_GUESS, Infinity);
  }

  /** Gauss-Newton least squares from a starting pose; null where it does not converge, or the face would look away. */
  private refine(landmarks: Points, frame: Size, focal: number, start: Placement, steps: number, largest: number): Pose | null {
    this.last = null;
    let placement = start;
    for (let step = 0; step < steps; step++) {
      const change = this.step(landmarks, frame, focal, placement);
      const [turn, move] = [change.slice(0, 3) as Vector, change.slice(3) as Vector];
      placement = {
        rotation: product(aboutVector(turn), placement.rotation),
        position: placement.position.map((value, axis) => value + move[axis]!) as Vector,
      };
      const away = placement.position[2];
      const size = Math.max(...turn.map(Math.abs), ...move.map((value) => Math.abs(value) / Math.max(Math.abs(away), 1e-9)));
      // NaN fails this too.
      if (!(size < largest)) return null;
      if (size >= this.rules.pose.converged) continue;
      if (away <= 0 || placement.rotation[2][2] <= 0) return null;
      this.last = placement;
      return { ...anglesOf(placement.rotation), position: placement.position, focal_px: focal, misfit: this.misfit(landmarks, frame, focal, placement) };
    }
    return null;
  }

  /** Turn about the head's origin (as a vector, camera axes) and move that bring the projection nearest to the landmarks. */
  private step(landmarks: Points, frame: Size, focal: number, placement: Placement): number[] {
    const matrix = Array.from({ length: 6 }, () => new Array<number>(6).fill(0));
    const right = new Array<number>(6).fill(0);
    for (const index of this.rules.pose.solid_points) {
      const arm = times(placement.rotation, this.rules.mean_face[index]!);
      const [x, y, z] = arm.map((value, axis) => value + placement.position[axis]!) as Vector;
      const off = this.off(landmarks, frame, focal, index, [x, y, z]);
      // d(projection)/d(point), and d(point)/d(turn) = -[arm]x.
      const gradients: Vector[] = [[focal / z, 0, (-focal * x) / z ** 2], [0, focal / z, (-focal * y) / z ** 2]];
      gradients.forEach(([gx, gy, gz], axis) => {
        const row = [gz * arm[1] - gy * arm[2], gx * arm[2] - gz * arm[0], gy * arm[0] - gx * arm[1], gx, gy, gz];
        row.forEach((value, at) => {
          right[at]! += value * off[axis]!;
          row.forEach((other, column) => (matrix[at]![column]! += value * other));
        });
      });
    }
    return solve(matrix, right);
  }

  /** Pixels from where a point is projected to where its landmark is seen. */
  private off(landmarks: Points, frame: Size, focal: number, index: number, [x, y, z]: Vector): [number, number] {
    return [landmarks[2 * index]! - ((focal * x) / z + (frame.width - 1) / 2), landmarks[2 * index + 1]! - ((focal * y) / z + (frame.height - 1) / 2)];
  }

  /** Root mean square distance of the projected points from the landmarks, eye distances. */
  private misfit(landmarks: Points, frame: Size, focal: number, { rotation, position }: Placement): number {
    const points = this.rules.pose.solid_points;
    const squares = points.map((index) => {
      const point = times(rotation, this.rules.mean_face[index]!).map((value, axis) => value + position[axis]!) as Vector;
      return Math.hypot(...this.off(landmarks, frame, focal, index, point)) ** 2;
    });
    return (Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / points.length) * position[2]) / focal;
  }
}

/** A start from the eyes' line and where the nose points, at this camera's focal length. */
function guess(landmarks: Points, frame: Size, focal: number): Placement {
  const pose = guessPose(landmarks, frame.width, frame.height);
  const [x, y, z] = pose.position as Vector;
  const nearer = focal / pose.focal_px;
  return { rotation: rotationOf(pose) as Rotation, position: [x, y, z * nearer] };
}
