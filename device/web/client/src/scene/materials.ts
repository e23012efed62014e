/**
 * What things are made of. Phong's shading with a small picture of a room for reflections: three.js's physical materials would first
 * blur such a room for every roughness, which takes seconds where there is no graphics chip.
 */

import { CubeTexture, MeshPhongMaterial, type MeshPhongMaterialParameters, MixOperation, MultiplyOperation, SRGBColorSpace } from "three";

const SIDE = 32;

/** One wall: bright above, dark below, with what shines on it as x, y, width, height and colour. */
function wall(above: string, below: string, shining: [number, number, number, number, string][] = []): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const pen = canvas.getContext("2d")!;
  const air = pen.createLinearGradient(0, 0, 0, SIDE);
  for (const [at, colour] of [[0, above], [0.52, "#8d929a"], [0.58, "#575049"], [1, below]] as const) air.addColorStop(at, colour);
  pen.fillStyle = air;
  pen.fillRect(0, 0, SIDE, SIDE);
  for (const [x, y, width, height, colour] of shining) {
    pen.fillStyle = colour;
    pen.fillRect(x, y, width, height);
  }
  return canvas;
}

/** A room with two windows behind the viewer and a lamp to the right. */
function makeRoom(): CubeTexture {
  const [side, plain] = [wall("#d5dde6", "#3a342d", [[12, 6, 8, 7, "#ffe2b0"]]), wall("#c4ccd6", "#38322c")];
  const front = wall("#e4ebf2", "#3d372f", [[3, 3, 9, 12, "#ffffff"], [15, 3, 9, 12, "#ffffff"]]);
  const [ceiling, floor] = [wall("#e9eef3", "#e0e6ec"), wall("#403932", "#2f2a25")];
  const room = new CubeTexture([side, plain, ceiling, floor, front, plain]);
  room.colorSpace = SRGBColorSpace;
  room.needsUpdate = true;
  return room;
}

let room: CubeTexture | null = null;

function reflecting(reflectivity: number, combine: MeshPhongMaterialParameters["combine"]): MeshPhongMaterialParameters {
  room ??= makeRoom();
  return { envMap: room, reflectivity, ...(combine === undefined ? {} : { combine }) };
}

/** What scatters light evenly: felt, skin, clay. */
export function dull(parameters: MeshPhongMaterialParameters): MeshPhongMaterial {
  return new MeshPhongMaterial({ specular: 0x0a0a0a, shininess: 8, ...parameters });
}

/** What has a smooth, colourless surface: lacquer, glass, porcelain. */
export function glossy(parameters: MeshPhongMaterialParameters, reflectivity = 0.12): MeshPhongMaterial {
  return new MeshPhongMaterial({ specular: 0x777777, shininess: 90, ...reflecting(reflectivity, MixOperation), ...parameters });
}

/** What gives its colour to what it reflects. */
export function metal(parameters: MeshPhongMaterialParameters): MeshPhongMaterial {
  return new MeshPhongMaterial({ specular: 0xb08a48, shininess: 60, ...reflecting(0.85, MultiplyOperation), ...parameters });
}
