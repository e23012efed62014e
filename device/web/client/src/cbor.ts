/**
 * Frames in binary form (device/README.md, "Binary frames"): CBOR, with the faces packed.
 *
 * Every value carries its own length. The form grows at the end of values and by new keys only, so what this version
 * does not know is passed over.
 */

import { decode } from "cborg";
import { BadMessage, type Frame, MAX_TEXT, readValues } from "./messages.ts";
import names from "./names.json";

/** From here on a message's first byte is CBOR's; JSON begins in ASCII. */
export const FIRST_BYTE_OF_BINARY = 0x80;

const STEPS_PER_PIXEL = 16;
const SCORE_STEPS = 255;
const SIGNAL_STEPS = 127;
/** Stands for a signal that is not known. */
const SIGNAL_MISSING = -128;

/** Whole numbers a unit: yaw, pitch, roll, position, focal length, misfit. */
const POSE_STEPS = [100, 100, 100, 1000, 1000, 1000, 100, 1000];

/** Of packed points: least x and y in steps, bits a number. */
const POINTS_HEAD = 9;

/** Keys of a face's map. */
const KEY = { id: 1, score: 2, box: 3, landmarks: 4, scores: 5, pose: 6, signals: 7, blinks: 8, occluded: 9, raw: 10, arkit: 11 };

type Face = Map<number, unknown>;

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new BadMessage("a packed face without a byte string where it should have one");
  return value;
}

/** The first `count` numbers of a list; further ones are of a later version. */
function numbersOf(value: unknown, count: number): number[] {
  if (!Array.isArray(value) || value.length < count || !value.every((each) => typeof each === "number")) {
    throw new BadMessage(`a packed face without ${count} numbers where it should have them`);
  }
  return (value as number[]).slice(0, count);
}

/** [x, y] of each of `count` points, pixels. */
export function unpackPoints(data: Uint8Array, count: number): [number, number][] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const bits = data.length < POINTS_HEAD ? Infinity : view.getUint8(8);
  if (bits > 32 || data.length < POINTS_HEAD + Math.ceil((2 * count * bits) / 8)) {
    throw new BadMessage(`packed points of ${data.length} bytes, too few for ${count} points`);
  }
  const least = [view.getInt32(0, true), view.getInt32(4, true)];
  let place = 8 * POINTS_HEAD;
  const next = (axis: number) => {
    let offset = 0;
    for (const end = place + bits; place < end; place++) offset = 2 * offset + ((data[place >> 3]! >> (7 - (place & 7))) & 1);
    return (least[axis]! + offset) / STEPS_PER_PIXEL;
  };
  return Array.from({ length: count }, () => [next(0), next(1)]);
}

function unpackPose(value: unknown): object {
  const steps = numbersOf(value, POSE_STEPS.length);
  const [yaw, pitch, roll, x, y, z, focal_px, misfit] = steps.map((step, index) => step / POSE_STEPS[index]!);
  return { yaw, pitch, roll, position: [x, y, z], focal_px, misfit };
}

function unpackSignals(value: unknown): Record<string, number> {
  const bytes = bytesOf(value);
  const steps = [...new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)].slice(0, names.signals.length);
  const known = steps.map((step, index) => [names.signals[index]!, step] as const).filter(([, step]) => step !== SIGNAL_MISSING);
  return Object.fromEntries(known.map(([name, step]) => [name, step / SIGNAL_STEPS]));
}

function unpackArkit(value: unknown): Record<string, number> {
  const steps = [...bytesOf(value)].slice(0, names.arkit.length);
  return Object.fromEntries(steps.map((step, index) => [names.arkit[index]!, step / SCORE_STEPS]));
}

function unpackOccluded(value: unknown): string[] {
  const [mask] = numbersOf([value], 1);
  return names.regions.filter((_, place) => (mask! >> place) & 1);
}

function unpackFace(packed: unknown): object {
  if (!(packed instanceof Map)) throw new BadMessage("a packed face that is no map");
  const face: Face = packed;
  const scores = bytesOf(face.get(KEY.scores));
  const points = (key: number) => unpackPoints(bytesOf(face.get(key)), scores.length);
  const [right, left] = face.has(KEY.blinks) ? numbersOf(face.get(KEY.blinks), 2) : [];
  return {
    id: face.get(KEY.id),
    score: numbersOf([face.get(KEY.score)], 1)[0]! / 1000,
    box: numbersOf(face.get(KEY.box), 4).map((step) => step / STEPS_PER_PIXEL),
    landmarks: points(KEY.landmarks),
    landmark_scores: [...scores].map((step) => step / SCORE_STEPS),
    ...(face.has(KEY.pose) && { pose: unpackPose(face.get(KEY.pose)) }),
    ...((face.has(KEY.signals) || face.has(KEY.arkit)) && {
      signals: {
        ...(face.has(KEY.signals) && unpackSignals(face.get(KEY.signals))),
        ...(face.has(KEY.arkit) && { arkit: unpackArkit(face.get(KEY.arkit)) }),
      },
    }),
    ...(face.has(KEY.blinks) && { blinks: { right, left } }),
    ...(face.has(KEY.occluded) && { occluded: unpackOccluded(face.get(KEY.occluded)) }),
    ...(face.has(KEY.raw) && { landmarks_raw: points(KEY.raw) }),
  };
}

/** Maps with texts for keys as objects, as JSON would have them. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "bigint") return Number(value);
  if (!(value instanceof Map) || [...value.keys()].some((key) => typeof key !== "string")) return value;
  return Object.fromEntries([...value].map(([key, each]) => [key, plain(each)]));
}

/**
 * Read a frame in binary form.
 *
 * @throws BadMessage on anything else.
 */
export function readBinaryFrame(data: Uint8Array): Frame {
  if (data.length > MAX_TEXT) throw new BadMessage(`a message of ${data.length} bytes, at most ${MAX_TEXT} are read`);
  let values: Record<string, unknown>;
  try {
    values = plain(decode(data, { useMaps: true })) as Record<string, unknown>;
  } catch (error) {
    throw new BadMessage(`a message that is no CBOR: ${(error as Error).message}`);
  }
  if (values?.["type"] !== "frame" || !Array.isArray(values["faces"])) throw new BadMessage("a binary message that is no frame with faces");
  return readValues({ ...values, faces: values["faces"].map(unpackFace) }) as Frame;
}
