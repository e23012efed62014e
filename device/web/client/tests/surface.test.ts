import { Matrix4, Vector3 } from "three";
import { expect, test } from "vitest";
import { eyeDistance } from "../src/drawing.ts";
import { headMatrix } from "../src/pose.ts";
import { coveredPoints } from "../src/regions.ts";
import { MEAN_LANDMARKS } from "../src/scene/proportions.ts";
import { FaceSurface } from "../src/scene/surface.ts";

const FRAME = { width: 640, height: 480 };
const POSE = { yaw: 15, pitch: -10, roll: 15, position: [0.5, -0.3, 6] as [number, number, number], focal_px: 700, misfit: 0 };
const HEAD = new Matrix4().fromArray(headMatrix(POSE));

/** Where a point of the scene is seen, pixels of the frame. */
function seenAt({ x, y, z }: Vector3): [number, number] {
  return [(POSE.focal_px * x) / -z + (FRAME.width - 1) / 2, (POSE.focal_px * -y) / -z + (FRAME.height - 1) / 2];
}

test("the surface lies on the points as they are seen, and has a hole where the face is covered", () => {
  const surface = new FaceSurface();
  // A face whose every landmark is off the mean face's, as an expression moves them.
  const points = Float64Array.from(MEAN_LANDMARKS.flatMap((mean, index) => seenAt(mean.clone().applyMatrix4(HEAD)).map((value) => value + 3 * Math.sin(index / 2))));
  surface.place(points, POSE, FRAME, new Set());
  const positions = surface.closed.getAttribute("position");
  const off = MEAN_LANDMARKS.map((_, index) => {
    const [x, y] = seenAt(new Vector3().fromBufferAttribute(positions as never, index));
    return Math.hypot(x! - points[2 * index]!, y! - points[2 * index + 1]!);
  });
  // Brows, where few triangles meet, are the farthest off.
  expect(Math.max(...off)).toBeLessThan(0.08 * eyeDistance(points));
  const whole = surface.open.getIndex()!.count;
  surface.place(points, POSE, FRAME, coveredPoints({ occluded: ["mouth"] }));
  expect(surface.open.getIndex()!.count).toBeLessThan(0.9 * whole);
  surface.place(points, POSE, FRAME, new Set());
  expect(surface.open.getIndex()!.count).toBe(whole);
  expect(surface.closed.getIndex()!.count).toBeGreaterThan(whole);
});

test("all triangles have the same side up", () => {
  const surface = new FaceSurface();
  const points = Float64Array.from(MEAN_LANDMARKS.flatMap((mean) => seenAt(mean.clone().applyMatrix4(HEAD))));
  surface.place(points, POSE, FRAME, new Set());
  const [positions, corners] = [surface.closed.getAttribute("position"), surface.closed.getIndex()!.array];
  const edges = new Map<string, number>();
  for (let at = 0; at < corners.length; at++) {
    const next = at % 3 === 2 ? at - 2 : at + 1;
    const key = `${corners[at]} ${corners[next]}`;
    edges.set(key, (edges.get(key) ?? 0) + 1);
  }
  // Each edge is run through once in each direction at most.
  expect(Math.max(...edges.values())).toBe(1);
  expect(positions.count).toBe(new Set(corners).size);
});
