/** Glasses: frames with bevelled rims, domed lenses, and arms that run along the temples and bend down behind the ears. */

import {
  BufferGeometry, CatmullRomCurve3, ExtrudeGeometry, Float32BufferAttribute, Group, type Material, Mesh, Path, Shape, SphereGeometry,
  TubeGeometry, Vector2, Vector3,
} from "three";
import { glossy, metal } from "./materials.ts";
import { EAR } from "./proportions.ts";

const LENS_X = 0.36;
const LENS_Y = -0.02;
const LENS_Z = 0.36;
const LENS_RADIUS = 0.29;
const RIM = 0.045;
const WIRE = 0.02;
/** How far the middle of a lens stands before its rim. */
const DOME = 0.05;

/** Middles of the lenses, the subject's right eye first. */
export const LENSES: [number, number, number][] = [[-LENS_X, LENS_Y, LENS_Z], [LENS_X, LENS_Y, LENS_Z]];

/** Points of a lens's outline about its middle: a circle that is flatter above and narrower below, as frames are. */
function outline(radius: number, count = 64): Vector2[] {
  return Array.from({ length: count }, (_, index) => {
    const angle = (2 * Math.PI * index) / count;
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return new Vector2(radius * x * (1.04 + 0.06 * y), radius * y * (y > 0 ? 0.88 : 0.98));
  });
}

function rim(): ExtrudeGeometry {
  const shape = new Shape(outline(LENS_RADIUS + RIM));
  shape.holes.push(new Path(outline(LENS_RADIUS)));
  return new ExtrudeGeometry(shape, { depth: 0.03, bevelEnabled: true, bevelSize: 0.012, bevelThickness: 0.014, bevelSegments: 3, curveSegments: 1 });
}

/** A domed disc within the outline, ring by ring from its middle. */
function lens(): BufferGeometry {
  const [rings, edge] = [6, outline(LENS_RADIUS)];
  const positions = [0, 0, DOME];
  const triangles: number[] = [];
  for (let ring = 1; ring <= rings; ring++) {
    edge.forEach(({ x, y }, index) => {
      const share = ring / rings;
      positions.push(x * share, y * share, DOME * (1 - share ** 2));
      const [here, next] = [index, (index + 1) % edge.length].map((each) => 1 + (ring - 1) * edge.length + each) as [number, number];
      if (ring === 1) triangles.push(0, here, next);
      else triangles.push(here - edge.length, here, next, here - edge.length, next, next - edge.length);
    });
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(positions, 3));
  geometry.setIndex(triangles);
  geometry.computeVertexNormals();
  return geometry;
}

function wire(points: [number, number, number][], radius: number, side = 1): TubeGeometry {
  return new TubeGeometry(new CatmullRomCurve3(points.map(([x, y, z]) => new Vector3(side * x, y, z))), 40, radius, 10);
}

/** From the rim's outer end along the temple, over the ear where it joins the head, and down behind it. */
function arm(side: number): TubeGeometry {
  const { x, y, z } = EAR;
  return wire(
    [
      [LENS_X + LENS_RADIUS + 0.01, LENS_Y + 0.11, LENS_Z - 0.01], [LENS_X + LENS_RADIUS + 0.07, LENS_Y + 0.115, LENS_Z - 0.08],
      [x - 0.04, LENS_Y + 0.11, 0.02], [x + 0.01, y + 0.08, z + 0.25], [x + 0.02, y + 0.05, z - 0.02],
      [x + 0.01, y - 0.08, z - 0.16], [x - 0.02, y - 0.3, z - 0.22],
    ],
    WIRE * 1.1, side,
  );
}

export class Glasses {
  readonly group = new Group();
  private readonly sides: Group[];

  constructor() {
    const frame = glossy({ color: 0x20150f }, 0.08);
    const wires = metal({ color: 0xd9b265 });
    const glass = glossy({ color: 0x3fd0c4, transparent: true, opacity: 0.26, depthWrite: false });
    this.sides = [-1, 1].map((side) => makeSide(side, frame, wires, glass));
    const bridge = [[-(LENS_X - LENS_RADIUS), 0.06, LENS_Z], [-0.03, 0.1, LENS_Z + 0.02], [0.03, 0.1, LENS_Z + 0.02], [LENS_X - LENS_RADIUS, 0.06, LENS_Z]];
    this.group.add(...this.sides, new Mesh(wire(bridge as [number, number, number][], WIRE * 1.2), wires));
    this.group.traverse((part) => (part.castShadow = part instanceof Mesh && part.material !== glass));
  }

  /** Whether each side is left out. */
  leaveOut(right: boolean, left: boolean): void {
    this.sides[0]!.visible = !right;
    this.sides[1]!.visible = !left;
  }
}

/** Rim, lens, arm and nose pad of one side: -1 the subject's right. */
function makeSide(side: number, frame: Material, wires: Material, glass: Material): Group {
  const front = new Group().add(new Mesh(rim(), frame), new Mesh(lens(), glass));
  front.children[0]!.position.z = -0.02;
  front.position.set(side * LENS_X, LENS_Y, LENS_Z);
  // The outline leans outwards on the subject's left; the other side is its mirror image.
  front.scale.x = side;
  const pad = new Mesh(new SphereGeometry(0.035, 12, 8), wires);
  pad.scale.set(0.6, 1.3, 0.8);
  pad.position.set(side * 0.12, -0.14, LENS_Z - 0.06);
  return new Group().add(front, new Mesh(arm(side), wires), pad);
}
