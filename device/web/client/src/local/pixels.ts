/**
 * Sampling of pictures, bit for bit as OpenCV does it for the daemon (device/tracking/crop.py, device/finders/trained.py): positions
 * in 1/32 of a pixel, weights as whole numbers.
 */

import { type Affine, inverse, type Size } from "./geometry.ts";

/** A picture, as a canvas gives it. */
export interface Picture extends Size {
  /** Red, green, blue and something else of each pixel, row by row. */
  data: Uint8ClampedArray | Uint8Array;
}

/** Bits of the fixed-point positions, and of the fractions that are left of them. */
const POSITION_BITS = 10;
const FRACTION_BITS = 5;
const FRACTIONS = 1 << FRACTION_BITS;

/** Value of the pixels beside the frame in the finder's input. */
const EMPTY = 128;

/** Half to even, as OpenCV rounds. */
function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The crop of a picture as blue, green, red of each pixel; black outside the picture. Large faces are halved first. */
export function crop(picture: Picture, toCrop: Affine, size: Size): Uint8Array {
  const halvings = Math.max(Math.floor(-Math.log2(Math.hypot(toCrop[0], toCrop[3]))), 0);
  if (halvings === 0) return warp(picture, toCrop, size);
  const factor = 2 ** halvings;
  const [a, b, x, d, e, y] = inverse(toCrop);
  const middle = [(size.width - 1) / 2, (size.height - 1) / 2] as const;
  const [left, columns] = needed(a * middle[0] + b * middle[1] + x, (size.width * Math.abs(a) + size.height * Math.abs(b)) / 2, picture.width, factor);
  const [top, rows] = needed(d * middle[0] + e * middle[1] + y, (size.width * Math.abs(d) + size.height * Math.abs(e)) / 2, picture.height, factor);
  if (columns < 1 || rows < 1) return warp(picture, toCrop, size);
  let small = averaged(picture, left, top, { width: (columns * factor) / 2, height: (rows * factor) / 2 });
  for (let halving = 1; halving < halvings; halving++) small = averaged(small, 0, 0, { width: small.width / 2, height: small.height / 2 });
  const [cx, cy] = [left + (factor - 1) / 2, top + (factor - 1) / 2];
  const [p, q, r, s, t, u] = toCrop;
  return warp(small, [p * factor, q * factor, p * cx + q * cy + r, s * factor, t * factor, s * cx + t * cy + u], size);
}

/** The part of a frame near a centre along one axis: first pixel, and length in units of `factor`. */
function needed(centre: number, reach: number, limit: number, factor: number): [number, number] {
  const inside = (value: number) => Math.min(Math.max(value, 0), limit);
  const first = inside(Math.floor(centre - reach - factor));
  return [first, Math.floor((inside(Math.ceil(centre + reach + factor)) - first) / factor)];
}

function warp({ data, width, height }: Picture, toCrop: Affine, size: Size): Uint8Array {
  const [a, b, c, d, e, f] = inverse(toCrop);
  const one = 1 << POSITION_BITS;
  const half = one / FRACTIONS / 2;
  const shift = POSITION_BITS - FRACTION_BITS;
  const across = Int32Array.from({ length: size.width }, (_, x) => rint(a * x * one));
  const down = Int32Array.from({ length: size.width }, (_, x) => rint(d * x * one));
  const result = new Uint8Array(3 * size.width * size.height);
  const pixel = (x: number, y: number, channel: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : data[4 * (y * width + x) + channel]!);
  for (let y = 0, at = 0; y < size.height; y++) {
    const [beginX, beginY] = [rint((b * y + c) * one) + half, rint((e * y + f) * one) + half];
    for (let x = 0; x < size.width; x++) {
      const fromX = (beginX + across[x]!) >> shift;
      const fromY = (beginY + down[x]!) >> shift;
      const left = fromX >> FRACTION_BITS;
      const top = fromY >> FRACTION_BITS;
      const fx = fromX & (FRACTIONS - 1);
      const fy = fromY & (FRACTIONS - 1);
      const upper = 4 * (top * width + left);
      const lower = upper + 4 * width;
      // Hardly any pixel lies at the rim, and asking four times for each costs more than the arithmetic.
      const inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
      for (let channel = 2; channel >= 0; channel--) {
        const above = inside
          ? (FRACTIONS - fx) * data[upper + channel]! + fx * data[upper + 4 + channel]!
          : (FRACTIONS - fx) * pixel(left, top, channel) + fx * pixel(left + 1, top, channel);
        const below = inside
          ? (FRACTIONS - fx) * data[lower + channel]! + fx * data[lower + 4 + channel]!
          : (FRACTIONS - fx) * pixel(left, top + 1, channel) + fx * pixel(left + 1, top + 1, channel);
        result[at++] = ((FRACTIONS - fy) * above + fy * below + 512) >> 10;
      }
    }
  }
  return result;
}

/** Means of 2 x 2 pixels of a part of the picture. */
function averaged({ data, width }: Picture, left: number, top: number, size: Size): Picture {
  const small = { ...size, data: new Uint8Array(4 * size.width * size.height) };
  for (let y = 0, at = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, at += 4) {
      const from = 4 * ((top + 2 * y) * width + left + 2 * x);
      for (let channel = from; channel < from + 3; channel++) {
        small.data[at + channel - from] = (data[channel]! + data[channel + 4]! + data[channel + 4 * width]! + data[channel + 4 * width + 4]! + 2) >> 2;
      }
    }
  }
  return small;
}

/** Along one axis: the two pixels that each new one lies between, and the second one's weight in 1/2048. */
function taps(count: number, length: number): { first: Int32Array; weight: Int32Array } {
  const [first, weight] = [new Int32Array(count), new Int32Array(count)];
  for (let index = 0; index < count; index++) {
    const at = ((index + 0.5) * length) / count - 0.5;
    const low = Math.floor(at);
    const inside = low >= 0 && low < length - 1;
    first[index] = Math.min(Math.max(low, 0), length - 1);
    weight[index] = inside ? rint(Math.fround(at - low) * 2048) : 0;
  }
  return { first, weight };
}

/** The picture at another size, bilinear. */
function resized(picture: Picture, size: Size): Picture {
  const [columns, rows] = [taps(size.width, picture.width), taps(size.height, picture.height)];
  const result = { ...size, data: new Uint8Array(4 * size.width * size.height) };
  for (let y = 0, at = 0; y < size.height; y++) {
    const [top, wy] = [rows.first[y]!, rows.weight[y]!];
    const upper = top * picture.width;
    const lower = Math.min(top + 1, picture.height - 1) * picture.width;
    for (let x = 0; x < size.width; x++, at += 4) {
      const [left, wx] = [columns.first[x]!, columns.weight[x]!];
      const right = Math.min(left + 1, picture.width - 1);
      for (let channel = 0; channel < 3; channel++) {
        const value = (row: number) => picture.data[4 * (row + left) + channel]! * (2048 - wx) + picture.data[4 * (row + right) + channel]! * wx;
        result.data[at + channel] = (((((2048 - wy) * (value(upper) >> 4)) >> 16) + ((wy * (value(lower) >> 4)) >> 16)) + 2) >> 2;
      }
    }
  }
  return result;
}

/** The picture's size in an input: the largest of its form that the input holds. */
export function shownSize(frame: Size, input: Size): Size {
  const scale = Math.min(input.width / frame.width, input.height / frame.height);
  const side = (length: number, limit: number) => Math.min(Math.max(rint(length * scale), 1), limit);
  return { width: side(frame.width, input.width), height: side(frame.height, input.height) };
}

/** A whole picture in the top left of an input, as blue, green, red; the rest grey. */
export function letterbox(picture: Picture, input: Size): Uint8Array {
  const shown = shownSize(picture, input);
  const large = picture.width > 2 * shown.width && picture.height > 2 * shown.height;
  const small = large
    ? averaged(resized(picture, { width: 2 * shown.width, height: 2 * shown.height }), 0, 0, shown)
    : resized(picture, shown);
  const result = new Uint8Array(3 * input.width * input.height).fill(EMPTY);
  for (let y = 0; y < shown.height; y++) {
    for (let x = 0; x < shown.width; x++) {
      const [from, to] = [4 * (y * shown.width + x), 3 * (y * input.width + x)];
      for (let channel = 0; channel < 3; channel++) result[to + channel] = small.data[from + 2 - channel]!;
    }
  }
  return result;
}

/** The picture after so many clockwise quarter turns. */
export function turned(picture: Picture, turns: number): Picture {
  if (turns === 0) return picture;
  const { width, height, data } = turned(picture, turns - 1);
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const to = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) to[x * height + height - 1 - y] = from[y * width + x]!;
  return { width: height, height: width, data: new Uint8Array(to.buffer) };
}
