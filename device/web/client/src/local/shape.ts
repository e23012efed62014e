/** The correction of landmarks by the shape of the whole face, as device/contract/shape.py has it; letters are those of its formula. */

/** Reals of little-endian float16 (IEEE 754-2008). */
function halves(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / 2 }, (_, index) => {
    const bits = view.getUint16(2 * index, true);
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}

/** Pixels of eye distance below which all points coincide, and have no shape. */
const LEAST_SCALE = 1e-3;

export class ShapeCorrection {
  /** Numbers of a row: m, b, then A's. */
  private readonly columns: number;
  private readonly numbers: Float64Array;
  private readonly extent: number;

  /** @param text base64 of the manifest, for so many landmarks. */
  constructor(text: string, private readonly count: number) {
    this.numbers = halves(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    this.columns = 2 * count + 2;
    this.extent = 0;
    for (let row = 0; row < 2 * count; row++) this.extent += this.numbers[row * this.columns]! ** 2;
  }

  /** The corrected landmarks, in the same pixels. */
  correct(points: Float64Array): Float64Array {
    const [cx, cy] = middle(points);
    let [re, im] = [0, 0];
    for (let index = 0; index < this.count; index++) {
      const [mx, my] = [this.numbers[2 * index * this.columns]!, this.numbers[(2 * index + 1) * this.columns]!];
      const [x, y] = [points[2 * index]! - cx, points[2 * index + 1]! - cy];
      re += mx * x + my * y;
      im += mx * y - my * x;
    }
    const [ax, ay] = [re / this.extent, im / this.extent];
    const power = ax * ax + ay * ay;
    if (Math.sqrt(power) < LEAST_SCALE) return points;
    const upright = new Float64Array(points.length);
    for (let at = 0; at < points.length; at += 2) {
      const [x, y] = [points[at]! - cx, points[at + 1]! - cy];
      upright[at] = (x * ax + y * ay) / power;
      upright[at + 1] = (y * ax - x * ay) / power;
    }
    const moves = this.movesOf(upright);
    return points.map((value, at) => value + (at % 2 === 0 ? ax * moves[at]! - ay * moves[at + 1]! : ay * moves[at - 1]! + ax * moves[at]!));
  }

  /** A f + b. */
  private movesOf(upright: Float64Array): Float64Array {
    return upright.map((_, row) => {
      const begin = row * this.columns + 2;
      let sum = this.numbers[begin - 1]!;
      for (let column = 0; column < upright.length; column++) sum += this.numbers[begin + column]! * upright[column]!;
      return sum;
    });
  }
}

function middle(points: Float64Array): [number, number] {
  let [x, y] = [0, 0];
  for (let at = 0; at < points.length; at += 2) {
    x += points[at]!;
    y += points[at + 1]!;
  }
  return [(2 * x) / points.length, (2 * y) / points.length];
}
