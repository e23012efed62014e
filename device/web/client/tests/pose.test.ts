import { Euler, Matrix4, Vector3 } from "three";
import { describe, expect, test } from "vitest";
import { guessPose, headMatrix, viewAngle } from "../src/pose.ts";
import { coveredPoints } from "../src/regions.ts";

const FRAME = { width: 640, height: 480 };
const POSE = { yaw: 25, pitch: -10, roll: 15, position: [0.5, -0.3, 6] as [number, number, number], focal_px: 700, misfit: 0 };
const radians = (degrees: number) => (degrees * Math.PI) / 180;

describe("headMatrix", () => {
  test("turns and places as three.js's own angles do", () => {
    // Seen from the scene's axes, yaw keeps its sense and pitch and roll change theirs.
    const turn = new Matrix4().makeRotationFromEuler(new Euler(radians(-POSE.pitch), radians(POSE.yaw), radians(-POSE.roll), "YXZ"));
    const wanted = turn.setPosition(0.5, 0.3, -6).elements;
    headMatrix(POSE).forEach((value, index) => expect(value).toBeCloseTo(wanted[index]!, 9));
  });

  test("a head that turns to its left shows its nose to the picture's right", () => {
    const nose = new Vector3(0, 0, 1).applyMatrix4(new Matrix4().fromArray(headMatrix({ ...POSE, yaw: 30, pitch: 0, roll: 0, position: [0, 0, 6] })));
    expect(nose.x).toBeCloseTo(Math.sin(radians(30)), 9);
  });
});

test("viewAngle sees the frame's upper rim at half of it", () => {
  expect(Math.tan(radians(viewAngle(POSE, FRAME)) / 2) * POSE.focal_px).toBeCloseTo(FRAME.height / 2, 9);
});

describe("guessPose", () => {
  /** Outer eye corners 90 px apart and the tip of the nose; nothing else is looked at. */
  function face(nose: [number, number]): Float64Array {
    const points = new Float64Array(136);
    points.set([275, 240], 72);
    points.set([365, 240], 90);
    points.set(nose, 60);
    return points;
  }

  test("a nose below the middle of the eyes looks straight ahead, from as far as makes the eyes as large", () => {
    const pose = guessPose(face([320, 240 + 0.45 * 90]), FRAME.width, FRAME.height);
    expect(pose.yaw).toBeCloseTo(0, 6);
    expect(pose.pitch).toBeCloseTo(0, 6);
    expect(pose.focal_px / pose.position[2]!).toBeCloseTo(90, 6);
  });

  test("a nose to the picture's right is a head turned to its left", () => {
    expect(guessPose(face([345, 280]), FRAME.width, FRAME.height).yaw).toBeGreaterThan(10);
  });
});

describe("what is covered", () => {
  test("a region names its own points and no others", () => {
    expect([...coveredPoints({ occluded: ["eye_right", "nose"] })].sort((a, b) => a - b)).toEqual([
      27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    ]);
    expect(coveredPoints({}).size).toBe(0);
  });
});
