/**
 * The measures of a head: those of the mean face, in eye distances from the middle between the outer eye corners.
 *
 * Axes are those of three.js: x to the picture's right, y up, z towards the viewer.
 */

import { Vector3 } from "three";
import meanFace from "../../../../signal/mean_face.json" with { type: "json" };

/** The mean face's 68 landmarks; the file has y down and z to the back of the head. */
export const MEAN_LANDMARKS: readonly Vector3[] = meanFace.landmarks.map(([x, y, z]) => new Vector3(x!, -y!, -z!));

/** Where an ear joins the head: beside the upper end of the jaw line, which the mean face knows, and behind it. */
export const EAR = new Vector3(MEAN_LANDMARKS[16]!.x + 0.02, MEAN_LANDMARKS[16]!.y + 0.04, MEAN_LANDMARKS[16]!.z - 0.14);

/** Middle and half axes of the skull: an adult's head is 150 mm wide, 190 deep and 230 high, the eye distance 90 mm. */
export const SKULL = { middle: new Vector3(0, -0.02, -0.8), axes: new Vector3(0.8, 1.15, 0.85) };

/** How far behind the brow the forehead lies, at a distance from the midline. */
function receding(x: number): number {
  return 0.5 * x ** 2 + 0.55 * x ** 4;
}

/** A row of points across the forehead: how far it reaches to the sides, how high it is, and how far it lies before the eyes. */
function across(reach: number, height: number, front: number, drop: number): Vector3[] {
  return [-1, -0.7, -0.35, 0, 0.35, 0.7, 1].map((side) => {
    const x = side * reach;
    return new Vector3(x, height - drop * side ** 2, front - receding(x));
  });
}

/** Points of the forehead, which has no landmarks: two rows from the subject's right to the left, the upper one at the hairline. */
export const FOREHEAD: readonly Vector3[] = [...across(0.8, 0.56, 0.2, 0.24), ...across(0.66, 0.92, 0.06, 0.2)];

/** Points in one row of the forehead. */
export const FOREHEAD_ROW = FOREHEAD.length / 2;
