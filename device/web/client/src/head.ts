/** What a head wears, in the head's own measure: eye distances from the middle between the outer eye corners. */

import {
  BufferGeometry, CatmullRomCurve3, CylinderGeometry, DoubleSide, Float32BufferAttribute, Group, LatheGeometry, Mesh, MeshBasicMaterial,
  MeshStandardMaterial, SphereGeometry, TorusGeometry, TubeGeometry, Vector2, Vector3,
} from "three";
import meanFace from "../../../signal/mean_face.json" with { type: "json" };
import type { Pose } from "./messages.ts";
import { rotationOf } from "./pose.ts";
import { TRIANGLES } from "./triangles.ts";

// x to the picture's right, y up, z towards the viewer, as three.js has it. Proportions of an adult's head
// (outer eye corners 90 mm apart, head 150 mm wide, 190 mm deep, 230 mm high).
const LENS_X = 0.36;
const LENS_Y = -0.02;
const LENS_Z = 0.36;
const LENS_RADIUS = 0.29;
const EAR_X = 0.84;

/** Middles of the lenses, the subject's right eye first. */
export const LENSES: [number, number, number][] = [[-LENS_X, LENS_Y, LENS_Z], [LENS_X, LENS_Y, LENS_Z]];

/** Depth without colour: hides what lies behind the head. Nowhere does it come before the mask. */
export function makeSkull(): Mesh {
  const skull = new Mesh(new SphereGeometry(1, 24, 18), new MeshBasicMaterial({ colorWrite: false }));
  skull.scale.set(0.8, 1.15, 0.85);
  skull.position.set(0, -0.02, -0.8);
  skull.renderOrder = -1;
  return skull;
}

export class Glasses {
  readonly group = new Group();
  private readonly sides: Group[];

  constructor() {
    const frame = new MeshStandardMaterial({ color: 0x1b2a35, roughness: 0.35, metalness: 0.5 });
    const lens = new MeshStandardMaterial({ color: 0x3fd0c4, roughness: 0.05, metalness: 0.2, transparent: true, opacity: 0.32, depthWrite: false });
    this.sides = [-1, 1].map((side) => makeSide(side, frame, lens));
    const bridge = new CatmullRomCurve3([
      new Vector3(-(LENS_X - LENS_RADIUS), 0.02, LENS_Z),
      new Vector3(0, 0.09, LENS_Z + 0.05),
      new Vector3(LENS_X - LENS_RADIUS, 0.02, LENS_Z),
    ]);
    this.group.add(...this.sides, new Mesh(new TubeGeometry(bridge, 12, 0.03, 6), frame));
  }

  /** Whether each side is left out. */
  leaveOut(right: boolean, left: boolean): void {
    this.sides[0]!.visible = !right;
    this.sides[1]!.visible = !left;
  }
}

/** Ring, glass and temple of one side: -1 the subject's right. */
function makeSide(side: number, frame: MeshStandardMaterial, lens: MeshStandardMaterial): Group {
  const ring = new Mesh(new TorusGeometry(LENS_RADIUS, 0.035, 10, 36), frame);
  ring.position.set(side * LENS_X, LENS_Y, LENS_Z);
  const glass = new Mesh(new CylinderGeometry(LENS_RADIUS, LENS_RADIUS, 0.01, 36), lens);
  glass.rotation.x = Math.PI / 2;
  glass.position.copy(ring.position);
  const temple = new CatmullRomCurve3([
    new Vector3(side * (LENS_X + LENS_RADIUS), 0.04, LENS_Z),
    new Vector3(side * EAR_X, 0.05, LENS_Z - 0.22),
    new Vector3(side * (EAR_X + 0.02), 0.02, -0.75),
    new Vector3(side * EAR_X, -0.2, -1.0),
  ]);
  return new Group().add(ring, glass, new Mesh(new TubeGeometry(temple, 24, 0.03, 6), frame));
}

export function makeHat(): Group {
  const felt = new MeshStandardMaterial({ color: 0x7a2e3a, roughness: 0.9, side: DoubleSide });
  const band = new MeshStandardMaterial({ color: 0xf2c14e, roughness: 0.6 });
  const outline = [[0, 0.86], [0.55, 0.86], [0.7, 0.78], [0.86, 0.02], [1.05, 0], [1.45, 0.06]].map(([x, y]) => new Vector2(x!, y!));
  const hat = new Group();
  hat.add(new Mesh(new LatheGeometry(outline, 40), felt));
  const ribbon = new Mesh(new CylinderGeometry(0.86, 0.89, 0.18, 40, 1, true), band);
  ribbon.position.y = 0.14;
  hat.add(ribbon);
  // On the crown of the head, its front low over the brow.
  hat.scale.set(0.98, 1, 1.12);
  hat.position.set(0, 0.72, -0.72);
  hat.rotation.x = 0.16;
  return hat;
}

/** A mask over the face's own points; `place` moves it. */
export class Mask {
  readonly mesh: Mesh;
  private readonly positions = new Float32BufferAttribute(new Float32Array(3 * 68), 3);
  private covered = "";

  constructor() {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", this.positions);
    geometry.setIndex([...TRIANGLES]);
    const material = new MeshStandardMaterial({
      color: 0xd9b7ff, roughness: 0.5, metalness: 0.3, flatShading: true, transparent: true, opacity: 0.78, side: DoubleSide,
    });
    this.mesh = new Mesh(geometry, material);
    this.mesh.frustumCulled = false;
  }

  /**
   * Put each point where it is seen, as far away as that of a mean face with this pose.
   *
   * @param points x, y of each; pixels of the frame.
   * @param covered points whose triangles are left out.
   */
  place(points: Float64Array, pose: Pose, frame: { width: number; height: number }, covered: Set<number>): void {
    const towards = rotationOf(pose)[2]!;
    for (let index = 0; index < meanFace.landmarks.length; index++) {
      const mean = meanFace.landmarks[index]!;
      const away = pose.position[2]! + mean.reduce((sum, value, axis) => sum + towards[axis]! * value, 0);
      const perPixel = away / pose.focal_px;
      const x = points[2 * index]! - (frame.width - 1) / 2;
      const y = points[2 * index + 1]! - (frame.height - 1) / 2;
      this.positions.setXYZ(index, x * perPixel, -y * perPixel, -away);
    }
    this.positions.needsUpdate = true;
    this.leaveOut(covered);
    this.mesh.geometry.computeVertexNormals();
  }

  private leaveOut(covered: Set<number>): void {
    const name = [...covered].join();
    if (name === this.covered) return;
    this.covered = name;
    const kept: number[] = [];
    for (let corner = 0; corner < TRIANGLES.length; corner += 3) {
      const triangle = TRIANGLES.slice(corner, corner + 3);
      if (!triangle.some((index) => covered.has(index))) kept.push(...triangle);
    }
    this.mesh.geometry.setIndex(kept);
  }
}
