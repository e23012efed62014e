/** Faces that wear something, in three dimensions. */

import { AmbientLight, DirectionalLight, Group, type Material, Matrix4, Mesh, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import { Glasses, LENSES, makeHat, makeSkull, Mask } from "./head.ts";
import type { Pose } from "./messages.ts";
import { guessPose, headMatrix, viewAngle } from "./pose.ts";
import { coveredPoints } from "./regions.ts";
import type { Shown } from "./stage.ts";

/** What is worn. */
export interface Worn {
  glasses: boolean;
  hat: boolean;
  mask: boolean;
}

/** Degrees; beyond this the points of the far side are guesses, and so is the pose. */
const DOUBTFUL_YAW = 60;

/** A point of each eye. */
const [RIGHT_EYE, LEFT_EYE] = [36, 42];

class Head {
  readonly root = new Group();
  private readonly mask = new Mask();
  private readonly glasses = new Glasses();
  private readonly hat = makeHat();
  private readonly body = new Group();

  constructor() {
    this.body.matrixAutoUpdate = false;
    this.body.add(makeSkull(), this.glasses.group, this.hat);
    this.root.add(this.body, this.mask.mesh);
  }

  /** What seems to be covered, by a hand perhaps, wears nothing: the hand is to be seen. */
  place(face: Shown, pose: Pose, worn: Worn, frame: { width: number; height: number }): void {
    this.body.matrix.fromArray(headMatrix(pose));
    this.body.matrixWorldNeedsUpdate = true;
    this.glasses.group.visible = worn.glasses;
    this.hat.visible = worn.hat;
    this.mask.mesh.visible = worn.mask;
    this.fade(face.opacity * doubt(pose));
    const covered = coveredPoints(face.face);
    this.glasses.leaveOut(covered.has(RIGHT_EYE), covered.has(LEFT_EYE));
    if (worn.mask) this.mask.place(face.points, pose, frame, covered);
  }

  /** Give back what the graphics card holds of it. */
  close(): void {
    this.root.removeFromParent();
    this.eachMesh(({ geometry, material }) => {
      geometry.dispose();
      (material as Material).dispose();
    });
  }

  private eachMesh(visit: (mesh: Mesh) => void): void {
    this.root.traverse((part) => {
      if (part instanceof Mesh) visit(part);
    });
  }

  private fade(opacity: number): void {
    this.eachMesh((mesh) => {
      const material = mesh.material as Material;
      const full = (material.userData["opacity"] ??= material.opacity) as number;
      material.transparent = opacity < 1 || full < 1;
      material.opacity = full * opacity;
    });
  }
}

/** 1 while the pose can be trusted, to 0 where only half of the face is seen. */
function doubt(pose: Pose): number {
  return Math.min(Math.max((DOUBTFUL_YAW + 15 - Math.abs(pose.yaw)) / 15, 0), 1);
}

/** A head as it is seen, for those who want to know where it was put. */
export interface Seen {
  id: number;
  pose: Pose;
  /** Middles of the two lenses, pixels of the frame. */
  lenses: [number, number][];
}

export class FaceScene {
  readonly canvas: HTMLCanvasElement;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(50, 4 / 3, 0.1, 500);
  private readonly heads = new Map<number, Head>();

  /** @throws Error where the browser has no WebGL. */
  constructor() {
    this.renderer = new WebGLRenderer({ alpha: true, antialias: true });
    this.canvas = this.renderer.domElement;
    const sun = new DirectionalLight(0xffffff, 2.2);
    sun.position.set(2, 4, 6);
    this.scene.add(new AmbientLight(0xffffff, 1.1), sun);
  }

  resize(width: number, height: number): void {
    if (this.canvas.width !== width || this.canvas.height !== height) this.renderer.setSize(width, height, false);
  }

  /** Draw faces of a frame of this size. */
  draw(faces: Shown[], frame: { width: number; height: number }, worn: Worn): Seen[] {
    const seen = faces.map((face) => this.place(face, frame, worn));
    for (const [id, head] of this.heads) {
      if (faces.some((face) => face.id === id)) continue;
      head.close();
      this.heads.delete(id);
    }
    this.renderer.render(this.scene, this.camera);
    return seen;
  }

  close(): void {
    for (const head of this.heads.values()) head.close();
    this.heads.clear();
    this.renderer.dispose();
    this.canvas.remove();
  }

  private place(face: Shown, frame: { width: number; height: number }, worn: Worn): Seen {
    let head = this.heads.get(face.id);
    if (!head) {
      head = new Head();
      this.heads.set(face.id, head);
      this.scene.add(head.root);
    }
    const pose = face.pose ?? guessPose(face.points, frame.width, frame.height);
    this.look(pose, frame);
    head.place(face, pose, worn, frame);
    return { id: face.id, pose, lenses: this.lensesOf(pose, frame) };
  }

  /** The camera's view is that of the pose: a point (x, y, z) is seen at focal * x / z from the frame's middle. */
  private look(pose: Pose, frame: { width: number; height: number }): void {
    const [angle, aspect] = [viewAngle(pose, frame), frame.width / frame.height];
    if (this.camera.fov === angle && this.camera.aspect === aspect) return;
    this.camera.fov = angle;
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
  }

  private lensesOf(pose: Pose, frame: { width: number; height: number }): [number, number][] {
    const matrix = new Matrix4().fromArray(headMatrix(pose));
    return LENSES.map((lens) => {
      const { x, y, z } = new Vector3(...lens).applyMatrix4(matrix);
      return [(pose.focal_px * x) / -z + (frame.width - 1) / 2, (pose.focal_px * -y) / -z + (frame.height - 1) / 2];
    });
  }
}
