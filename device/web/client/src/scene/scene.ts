/** Faces that wear something, in three dimensions. */

import { Matrix4, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import type { Pose } from "../messages.ts";
import { guessPose, headMatrix, viewAngle } from "../pose.ts";
import type { Shown } from "../stage.ts";
import { LENSES } from "./glasses.ts";
import { Head, type Place, type Worn } from "./head.ts";
import { Light } from "./light.ts";
import { Quality } from "./quality.ts";

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
  private readonly light = new Light(this.scene);
  private readonly camera = new PerspectiveCamera(50, 4 / 3, 0.1, 500);
  private readonly heads = new Map<number, Head>();
  private readonly quality = new Quality();

  /** @throws Error where the browser has no WebGL. */
  constructor() {
    this.renderer = new WebGLRenderer({ alpha: true, antialias: true });
    this.renderer.shadowMap.enabled = true;
    this.canvas = this.renderer.domElement;
  }

  /** Draw so many pixels, or a quarter of them where the browser cannot keep up. */
  resize(width: number, height: number): void {
    const share = this.quality.level === 2 ? 0.5 : 1;
    const [wide, high] = [Math.round(width * share), Math.round(height * share)];
    if (this.canvas.width !== wide || this.canvas.height !== high) this.renderer.setSize(wide, high, false);
  }

  /** Draw faces at a place. */
  draw(faces: Shown[], place: Place, worn: Worn): Seen[] {
    const seen = faces.map((face) => this.place(face, place, worn));
    for (const [id, head] of this.heads) {
      if (faces.some((face) => face.id === id)) continue;
      head.close();
      this.heads.delete(id);
    }
    if (this.quality.note(performance.now())) this.light.castsShadows = false;
    this.light.shineOn([...this.heads.values()].map((head) => head.body));
    this.renderer.render(this.scene, this.camera);
    return seen;
  }

  close(): void {
    for (const head of this.heads.values()) head.close();
    this.heads.clear();
    this.renderer.dispose();
    this.canvas.remove();
  }

  private place(face: Shown, place: Place, worn: Worn): Seen {
    let head = this.heads.get(face.id);
    if (!head) {
      head = new Head();
      this.heads.set(face.id, head);
      this.scene.add(head.root);
    }
    const pose = face.pose ?? guessPose(face.points, place.frame.width, place.frame.height);
    this.look(pose, place.frame);
    head.place(face, pose, worn, place);
    return { id: face.id, pose, lenses: this.lensesOf(pose, place.frame) };
  }

  /** The camera's view is that of the pose: a point (x, y, z) is seen at focal * x / z from the frame's middle. */
  private look(pose: Pose, frame: Place["frame"]): void {
    const [angle, aspect] = [viewAngle(pose, frame), frame.width / frame.height];
    if (this.camera.fov === angle && this.camera.aspect === aspect) return;
    this.camera.fov = angle;
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
  }

  private lensesOf(pose: Pose, frame: Place["frame"]): [number, number][] {
    const matrix = new Matrix4().fromArray(headMatrix(pose));
    return LENSES.map((lens) => {
      const { x, y, z } = new Vector3(...lens).applyMatrix4(matrix);
      return [(pose.focal_px * x) / -z + (frame.width - 1) / 2, (pose.focal_px * -y) / -z + (frame.height - 1) / 2];
    });
  }
}
