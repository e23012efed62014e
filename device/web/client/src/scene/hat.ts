/** A felt hat with a pinched crown, a ribbon and a curved brim. */

import { CanvasTexture, DoubleSide, Group, LatheGeometry, Mesh, RepeatWrapping, SplineCurve, Vector2 } from "three";
import { dull, glossy } from "./materials.ts";

/** Half width and half depth of the crown at its foot: wide enough for the hair, so that no part of the head comes through. */
const WIDTH = 1.08;
const DEPTH = 1.2;

/** Radius and height of the crown's outline from the brim up, of a crown whose foot has radius 1. */
const CROWN: [number, number][] = [[1, 0], [0.985, 0.2], [0.95, 0.5], [0.88, 0.72], [0.72, 0.82], [0.4, 0.8], [0, 0.74]];
const BRIM: [number, number][] = [[1, 0], [1.1, -0.02], [1.35, 0.0], [1.52, 0.05], [1.535, 0.062], [1.52, 0.066]];

const SEGMENTS = 72;

function turned(points: [number, number][], steps: number): LatheGeometry {
  const curve = new SplineCurve(points.map(([x, y]) => new Vector2(x, y)));
  return new LatheGeometry(curve.getPoints(steps).map(({ x, y }) => new Vector2(Math.max(x, 0), y)), SEGMENTS);
}

/** Move each point of a turned body by what depends on where it is. */
function bent(geometry: LatheGeometry, lift: (x: number, y: number, z: number) => { x: number; y: number }): LatheGeometry {
  const positions = geometry.getAttribute("position");
  for (let index = 0; index < positions.count; index++) {
    const [x, y, z] = [positions.getX(index), positions.getY(index), positions.getZ(index)];
    const moved = lift(x, y, z);
    positions.setXYZ(index, moved.x, moved.y, z);
  }
  geometry.computeVertexNormals();
  return geometry;
}

/** The crown's top is creased along the middle and pinched at the front. */
function crown(): LatheGeometry {
  return bent(turned(CROWN, 40), (x, y, z) => {
    const high = Math.max(y - 0.35, 0) / 0.45;
    const crease = 0.16 * high ** 2 * Math.exp(-((x / 0.22) ** 2));
    const pinch = 0.22 * high * Math.max(z, 0) ** 2;
    return { x: x * (1 - pinch), y: y - crease };
  });
}

/** The brim rises at the sides and dips before the face. */
function brim(): LatheGeometry {
  return bent(turned(BRIM, 30), (x, y, z) => {
    const out = Math.max(Math.hypot(x, z) - 1, 0);
    return { x, y: y + out * (0.42 * x ** 2 - 0.16 * Math.max(z, 0)) * 0.8 };
  });
}

/** Fine grain, as felt has it; the same at every start. */
function felt(): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 128;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(128, 128);
  let state = 1;
  for (let at = 0; at < image.data.length; at += 4) {
    // A linear congruential generator (Numerical Recipes, 2nd edition, section 7.1).
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    image.data.fill(150 + (state >>> 24) * 0.4, at, at + 3);
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const texture = new CanvasTexture(canvas);
  texture.wrapS = texture.wrapT = RepeatWrapping;
  texture.repeat.set(10, 4);
  return texture;
}

export function makeHat(): Group {
  const grain = felt();
  const cloth = dull({ color: 0x8a4a34, bumpMap: grain, bumpScale: 1.5, map: grain, side: DoubleSide });
  const ribbon = glossy({ color: 0x1d2733, shininess: 30 }, 0.05);
  const band = turned([[1.022, 0.012], [1.018, 0.1], [1.004, 0.2], [0.99, 0.215]], 12);
  const hat = new Group().add(new Mesh(crown(), cloth), new Mesh(brim(), cloth), new Mesh(band, ribbon));
  hat.traverse((part) => {
    part.castShadow = part.receiveShadow = part instanceof Mesh;
  });
  // Around the head where its hair begins, the front low over the brow.
  hat.scale.set(WIDTH, 1, DEPTH);
  hat.position.set(0, 0.66, -0.66);
  hat.rotation.x = 0.14;
  return hat;
}
