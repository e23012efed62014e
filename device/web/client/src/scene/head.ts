/** One head: what it wears, and the head itself, which is not seen but hides what is behind it and takes shadows. */

import { BufferGeometry, Group, type Material, Mesh, MeshBasicMaterial, ShadowMaterial, SphereGeometry, type Texture } from "three";
import type { Pose } from "../messages.ts";
import { headMatrix } from "../pose.ts";
import { coveredPoints } from "../regions.ts";
import type { Shown } from "../stage.ts";
import { Glasses } from "./glasses.ts";
import { makeHat } from "./hat.ts";
import { dull } from "./materials.ts";
import { EAR, SKULL } from "./proportions.ts";
import { type Skin, skin } from "./skins.ts";
import { FaceSurface } from "./surface.ts";

/** What is worn. */
export interface Worn {
  glasses: boolean;
  hat: boolean;
  /** A face over the face; null: none. */
  skin: Skin | null;
}

/** What the heads are drawn on. */
export interface Place {
  frame: { width: number; height: number };
  /** Whether the camera's picture shows the heads themselves; otherwise they are modelled in clay. */
  pictured: boolean;
}

/** Degrees; beyond this the points of the far side are guesses, and so is the pose. */
const DOUBTFUL_YAW = 60;

/** A point of each eye. */
const [RIGHT_EYE, LEFT_EYE] = [36, 42];

/** Depth without colour; a little behind itself, so that a shadow or a mask on the same surface comes before it. */
const hides = () => new MeshBasicMaterial({ colorWrite: false, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 4 });

/** What a head is made of where no picture shows it. */
const clay = () => dull({ color: 0xb9b2a8 });

/** Skull and ears. */
function makeSkull(material: () => Material): Mesh[] {
  const skull = new Mesh(new SphereGeometry(1, 32, 24), material());
  skull.scale.copy(SKULL.axes);
  skull.position.copy(SKULL.middle);
  const ears = [-1, 1].map((side) => {
    const ear = new Mesh(new SphereGeometry(1, 16, 12), material());
    ear.scale.set(0.07, 0.3, 0.15);
    ear.rotation.y = -side * 0.35;
    ear.position.set(side * (EAR.x + 0.05), EAR.y - 0.2, EAR.z - 0.08);
    return ear;
  });
  return [skull, ...ears];
}

export class Head {
  readonly root = new Group();
  /** What turns with the head, and has its pose as matrix. */
  readonly body = new Group();
  private readonly surface = new FaceSurface();
  private readonly glasses = new Glasses();
  private readonly hat = makeHat();
  private readonly shade = this.onSurface(this.surface.closed, new ShadowMaterial({ opacity: 0.42 }));
  private readonly clay = [this.onSurface(this.surface.closed, clay()), ...makeSkull(clay)];
  private readonly mask = this.onSurface(this.surface.open, clay());
  private skin: Skin | null = null;

  constructor() {
    this.body.matrixAutoUpdate = false;
    const hidden = [...makeSkull(hides), this.onSurface(this.surface.closed, hides())];
    for (const part of hidden) part.renderOrder = -1;
    this.body.add(...hidden.slice(0, -1), ...this.clay.slice(1), this.glasses.group, this.hat);
    this.root.add(this.body, hidden.at(-1)!, this.shade, this.clay[0]!, this.mask);
  }

  /** What seems to be covered, by a hand perhaps, wears nothing: the hand is to be seen. */
  place(face: Shown, pose: Pose, worn: Worn, { frame, pictured }: Place): void {
    this.body.matrix.fromArray(headMatrix(pose));
    this.body.matrixWorldNeedsUpdate = true;
    this.glasses.group.visible = worn.glasses;
    this.hat.visible = worn.hat;
    this.shade.visible = pictured && worn.skin === null;
    for (const part of this.clay) part.visible = !pictured;
    this.clay[0]!.visible &&= worn.skin === null;
    this.mask.visible = worn.skin !== null;
    if (worn.skin !== null && worn.skin !== this.skin) this.putOn(worn.skin);
    this.fade(face.opacity * doubt(pose));
    const covered = coveredPoints(face.face);
    this.glasses.leaveOut(covered.has(RIGHT_EYE), covered.has(LEFT_EYE));
    this.surface.place(face.points, pose, frame, covered);
  }

  /** Give back what the graphics card holds of it. */
  close(): void {
    this.root.removeFromParent();
    this.eachMesh(({ geometry, material }) => {
      geometry.dispose();
      dispose(material as Material);
    });
    this.surface.dispose();
  }

  private onSurface(geometry: BufferGeometry, material: Material): Mesh {
    const mesh = new Mesh(geometry, material);
    mesh.frustumCulled = false;
    mesh.receiveShadow = true;
    return mesh;
  }

  private putOn(name: Skin): void {
    dispose(this.mask.material as Material);
    this.mask.material = skin(name);
    this.skin = name;
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

/** Give back a material and the drawings on it; the room that it reflects is everybody's. */
function dispose(material: Material): void {
  const { map, bumpMap } = material as { map?: Texture | null; bumpMap?: Texture | null };
  map?.dispose();
  bumpMap?.dispose();
  material.dispose();
}

/** 1 while the pose can be trusted, to 0 where only half of the face is seen. */
function doubt(pose: Pose): number {
  return Math.min(Math.max((DOUBTFUL_YAW + 15 - Math.abs(pose.yaw)) / 15, 0), 1);
}
