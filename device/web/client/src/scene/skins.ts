/** Faces to put on: each a drawing on the mean face, which the mesh carries to the real one. */

import { CanvasTexture, type Material, type Texture, SRGBColorSpace } from "three";
import { dull, glossy, metal } from "./materials.ts";
import { MEAN_LANDMARKS } from "./proportions.ts";
import { TEXTURE_BOX } from "./surface.ts";

/** Names of the faces, as the page offers them. */
export const SKINS = ["porcelain", "tiger", "gold"] as const;

export type Skin = (typeof SKINS)[number];

type Pen = CanvasRenderingContext2D;

const SIDE = 512;

/** A pen that draws in the mean face's own measure, y down. */
function penOn(canvas: HTMLCanvasElement): Pen {
  const pen = canvas.getContext("2d")!;
  const { left, right, bottom, top } = TEXTURE_BOX;
  pen.setTransform(SIDE / (right - left), 0, 0, SIDE / (top - bottom), (-left * SIDE) / (right - left), (top * SIDE) / (top - bottom));
  pen.lineJoin = pen.lineCap = "round";
  return pen;
}

function cover(pen: Pen, style: string | CanvasGradient): void {
  pen.fillStyle = style;
  pen.fillRect(-2, -2, 4, 4);
}

function points(first: number, last: number): [number, number][] {
  return MEAN_LANDMARKS.slice(first, last + 1).map(({ x, y }) => [x, -y]);
}

/** A smooth line through points: quadratic curves from middle to middle. */
function trace(pen: Pen, line: [number, number][], closed: boolean): void {
  const ring = closed ? [line.at(-1)!, ...line, line[0]!] : line;
  const middle = (index: number) => [(ring[index]![0] + ring[index + 1]![0]) / 2, (ring[index]![1] + ring[index + 1]![1]) / 2] as const;
  pen.beginPath();
  pen.moveTo(...(closed ? middle(0) : ring[0]!));
  for (let index = 1; index < ring.length - 1; index++) pen.quadraticCurveTo(...ring[index]!, ...middle(index));
  if (!closed) pen.lineTo(...ring.at(-1)!);
}

/** A ring of points grown about its middle. */
function grown(ring: [number, number][], factor: number): [number, number][] {
  const [x, y] = [0, 1].map((axis) => ring.reduce((sum, point) => sum + point[axis]!, 0) / ring.length) as [number, number];
  return ring.map((point) => [x + factor * (point[0] - x), y + factor * (point[1] - y)]);
}

function glow(pen: Pen, x: number, y: number, radius: number, colour: string): void {
  const light = pen.createRadialGradient(x, y, 0, x, y, radius);
  light.addColorStop(0, colour);
  light.addColorStop(1, `${colour.slice(0, 7)}00`);
  cover(pen, light);
}

function stroke(pen: Pen, width: number, colour: string): void {
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.stroke();
}

const [BROWS, EYES, LIPS] = [[points(17, 21), points(22, 26)], [points(36, 41), points(42, 47)], points(48, 59)] as const;

/** A white mask of Venice: red lips, gilded brows and eyes. */
function porcelain(pen: Pen): void {
  cover(pen, "#f3ede4");
  for (const side of [-1, 1]) glow(pen, side * 0.52, 0.5, 0.34, "#e58a8a88");
  for (const eye of EYES) {
    trace(pen, grown(eye, 1.9), true);
    pen.fillStyle = "#24364f";
    pen.fill();
    stroke(pen, 0.035, "#c8993e");
  }
  for (const brow of BROWS) {
    trace(pen, brow, false);
    stroke(pen, 0.06, "#c8993e");
  }
  trace(pen, LIPS, true);
  pen.fillStyle = "#b3202f";
  pen.fill();
  pen.fillStyle = "#c8993e";
  for (const [x, y, r] of [[0, -0.62, 0.07], [0, -0.46, 0.035], [-0.16, -0.57, 0.03], [0.16, -0.57, 0.03]] as const) {
    pen.beginPath();
    pen.ellipse(x, y, r * 0.7, r * 1.3, 0, 0, 2 * Math.PI);
    pen.fill();
  }
}

/** Stripes of one side as x, y of their outer end, of their inner end, and their width. */
const STRIPES = [
  [0.95, 0.2, 0.5, 0.3, 0.1], [0.92, 0.45, 0.45, 0.48, 0.1], [0.85, 0.72, 0.45, 0.66, 0.09], [0.72, 0.98, 0.42, 0.86, 0.08],
  [0.3, -0.95, 0.08, -0.62, 0.1], [0.12, -0.72, 0.04, -0.4, 0.07], [0.7, -0.75, 0.42, -0.5, 0.1], [0.95, -0.35, 0.62, -0.28, 0.09],
  [0.3, 1.28, 0.2, 1.05, 0.07],
] as const;

/** A stripe that is widest at its outer end and runs out in a point. */
function stripe(pen: Pen, [x, y, toX, toY, width]: (typeof STRIPES)[number], side: number): void {
  const [dx, dy] = [toX - x, toY - y];
  const length = Math.hypot(dx, dy);
  const [nx, ny] = [(-dy / length) * width, (dx / length) * width];
  pen.beginPath();
  pen.moveTo(side * (x + nx), y + ny);
  pen.quadraticCurveTo(side * (x + 0.6 * dx + 0.5 * nx), y + 0.6 * dy + 0.5 * ny, side * toX, toY);
  pen.quadraticCurveTo(side * (x + 0.5 * dx - 0.8 * nx), y + 0.5 * dy - 0.8 * ny, side * (x - nx), y - ny);
  pen.fill();
}

function tiger(pen: Pen): void {
  cover(pen, "#ef8f2a");
  for (const side of [-1, 1]) {
    glow(pen, side * 0.24, 0.78, 0.36, "#fff7eaff");
    glow(pen, side * 0.42, -0.22, 0.26, "#fff3dfee");
    glow(pen, side * 0.75, 0.75, 0.3, "#fff3dfcc");
  }
  glow(pen, 0, 1.15, 0.4, "#fff7eaff");
  pen.fillStyle = "#1d1510";
  for (const side of [-1, 1]) for (const each of STRIPES) stripe(pen, each, side);
  for (const eye of EYES) {
    trace(pen, grown(eye, 1.5), true);
    pen.fill();
  }
  trace(pen, points(31, 35).concat([[0.08, 0.4], [-0.08, 0.4]]), true);
  pen.fillStyle = "#d9697a";
  pen.fill();
  trace(pen, LIPS, true);
  stroke(pen, 0.03, "#1d1510");
}

function gold(pen: Pen): void {
  cover(pen, "#e9b44c");
  for (const eye of EYES) {
    trace(pen, grown(eye, 1.7), true);
    stroke(pen, 0.03, "#8a5a17");
  }
  for (const line of BROWS) {
    trace(pen, line, false);
    stroke(pen, 0.035, "#8a5a17");
  }
}

const DRAWINGS: Record<Skin, (pen: Pen) => void> = { porcelain, tiger, gold };

const MATERIALS: Record<Skin, (map: Texture) => Material> = {
  porcelain: (map) => glossy({ map }),
  tiger: (map) => dull({ map }),
  gold: (map) => metal({ map }),
};

/** The material of a face. */
export function skin(name: Skin): Material {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  DRAWINGS[name](penOn(canvas));
  const map = new CanvasTexture(canvas);
  map.colorSpace = SRGBColorSpace;
  return MATERIALS[name](map);
}
