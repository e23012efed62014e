/** Messages from the wire: checked once here, trusted everywhere else. */

import type { Face, Frame, Message, Signals } from "../types/stream.d.ts";
import names from "./names.json";
import { isRegion } from "./regions.ts";

export type { Condition, ErrorMessage, Face, FaceLost, Frame, Health, Message, Pose, Signals, Status } from "../types/stream.d.ts";

/** The version of the stream that this client reads. */
export const SCHEMA = 1;

/** Characters; a message of more is not looked at. A frame with 64 faces has a fifth of it. */
export const MAX_TEXT = 1_000_000;

/** The landmark scheme of a frame that names none. */
const DEFAULT_SCHEME = "ibug_68";

const MAX_FACES = 64;
const MAX_SIDE = 16_384;
/** Pixels; a point further out is no point of a face. */
const MAX_COORDINATE = 1e6;

const MAX_SIGNALS = 40;
const SIGNAL_NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** ARKit has 52. */
const MAX_SHAPES = 80;
const SHAPE_NAME = /^[a-z][a-zA-Z0-9]{0,39}$/;

/** Characters of a line for people. */
const MAX_LINE = 500;
const STATES = new Set(["ok", "degraded", "lost"]);
const FIGURES = /_s$|_mb$|_c$|_ms|_ns$|^fps|^frames$|^skipped$|^unreadable$/;

/** The answer to a ping: the device's clock. */
export interface Pong {
  type: "pong";
  sent_ms: number;
  monotonic_ns: number;
}

/** A message that cannot be used, and why. */
export class BadMessage extends Error {
  /** Whether the device speaks another version of the stream. */
  readonly otherSchema: boolean;

  constructor(reason: string, otherSchema = false) {
    super(reason);
    this.otherSchema = otherSchema;
  }
}

type Values = Record<string, unknown>;

function isNumber(value: unknown, low = -Infinity, high = Infinity): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= low && value <= high;
}

function isPoint(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    isNumber(value[0], -MAX_COORDINATE, MAX_COORDINATE) &&
    isNumber(value[1], -MAX_COORDINATE, MAX_COORDINATE)
  );
}

function areNumbers(value: unknown, count: number, low: number, high: number): boolean {
  return Array.isArray(value) && value.length === count && value.every((each) => isNumber(each, low, high));
}

function isPose(value: unknown): boolean {
  const pose = value as Values;
  return (
    typeof value === "object" &&
    value !== null &&
    ["yaw", "pitch", "roll"].every((name) => isNumber(pose[name], -360, 360)) &&
    areNumbers(pose["position"], 3, -1e4, 1e4) &&
    isNumber(pose["focal_px"], 1, 1e6)
  );
}

/**
 * A face whose every number can be drawn; what is optional and cannot be used is left out.
 *
 * @param count of its points; null takes the number of its scores.
 */
function checkedFace(value: unknown, count: number | null): Face | null {
  const face = value as Values | null;
  if (typeof face !== "object" || face === null || !Array.isArray(face["landmark_scores"])) return null;
  const points = count ?? face["landmark_scores"].length;
  const whole =
    points > 0 &&
    isNumber(face["id"], 0) &&
    isNumber(face["score"]) &&
    areNumbers(face["box"], 4, -MAX_COORDINATE, MAX_COORDINATE) &&
    Array.isArray(face["landmarks"]) &&
    face["landmarks"].length === points &&
    face["landmarks"].every(isPoint) &&
    areNumbers(face["landmark_scores"], points, -1, 2);
  if (!whole) return null;
  const checked = { ...face };
  if (!isPose(face["pose"])) delete checked["pose"];
  if (Array.isArray(face["occluded"])) checked["occluded"] = face["occluded"].filter(isRegion);
  else delete checked["occluded"];
  checked["signals"] = signalsOf(face["signals"]);
  return checked as unknown as Face;
}

/** Those that are numbers under a name like ours, and ARKit's blend shapes beside them. */
function signalsOf(value: unknown): Signals {
  const arkit = numbersUnder((value as Values | null | undefined)?.["arkit"], SHAPE_NAME, MAX_SHAPES);
  const signals = numbersUnder(value, SIGNAL_NAME, MAX_SIGNALS);
  return Object.keys(arkit).length > 0 ? { ...signals, arkit } : signals;
}

function numbersUnder(value: unknown, pattern: RegExp, most: number): Record<string, number> {
  if (typeof value !== "object" || value === null) return {};
  const named = Object.entries(value).filter(([name, number]) => pattern.test(name) && isNumber(number, -100, 100));
  return Object.fromEntries(named.slice(0, most)) as Record<string, number>;
}

function line(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_LINE) : "";
}

/** A status whose every part has a state and a line for people; other parts are left out. */
function checkedStatus(values: Values): Message {
  const parts = Object.entries(values).filter(([, part]) => STATES.has((part as Values | null)?.["state"] as string));
  const conditions = parts.map(([name, part]) => {
    const { state, reason } = part as Values;
    return [name, { state, reason: line(reason) }];
  });
  return { type: "status", schema: SCHEMA, source: line(values["source"]), published_ns: values["published_ns"], ...Object.fromEntries(conditions) } as Message;
}

/** Health without what is no figure, no list of words and no object. */
function checkedHealth(values: Values): Message {
  const usable = Object.entries(values).filter(([name, value]) => {
    if (name === "throttled" || name === "throttled_since_boot") return Array.isArray(value) && value.every((each) => typeof each === "string");
    return typeof value === "object" ? value !== null : typeof value === "number" || !FIGURES.test(name);
  });
  return Object.fromEntries(usable) as unknown as Message;
}

function checkedFrame(values: Values): Frame {
  const size = values["frame"] as Values | undefined;
  if (!isNumber(size?.["width"], 1, MAX_SIDE) || !isNumber(size["height"], 1, MAX_SIDE)) {
    throw new BadMessage("a frame without a size");
  }
  if (!isNumber(values["sequence"], 0) || !isNumber(values["captured_ns"], 0) || !isNumber(values["published_ns"], 0)) {
    throw new BadMessage("a frame without its number or times");
  }
  if (!Array.isArray(values["faces"])) throw new BadMessage("a frame without its list of faces");
  const scheme = values["scheme"] ?? DEFAULT_SCHEME;
  // A later version may know further schemes: of those a face's own lists tell the number of points.
  const count = typeof scheme === "string" && Object.hasOwn(names.schemes, scheme) ? names.schemes[scheme as keyof typeof names.schemes] : null;
  const faces = values["faces"].slice(0, MAX_FACES).map((face) => checkedFace(face, count));
  const timing = typeof values["timing_ms"] === "object" && values["timing_ms"] !== null ? values["timing_ms"] : {};
  const texts = { source: line(values["source"]), model: line(values["model"]), timing_ms: timing };
  return { ...values, ...texts, faces: faces.filter((face) => face !== null) } as unknown as Frame;
}

/**
 * Read one message of the stream.
 *
 * @returns the message, or null for a kind that this client does not know.
 * @throws BadMessage on anything that cannot be used.
 */
export function readMessage(text: string): Message | Pong | null {
  if (text.length > MAX_TEXT) throw new BadMessage(`a message of ${text.length} characters, at most ${MAX_TEXT} are read`);
  let values: Values;
  try {
    values = JSON.parse(text) as Values;
  } catch {
    throw new BadMessage("a message that is no JSON");
  }
  return readValues(values);
}

/**
 * Check a message that has been parsed.
 *
 * @returns the message, or null for a kind that this client does not know.
 * @throws BadMessage on anything that cannot be used.
 */
export function readValues(values: Values): Message | Pong | null {
  if (typeof values !== "object" || values === null) throw new BadMessage("a message that is no object");
  if (values["type"] === undefined) return null;
  if (values["schema"] !== SCHEMA) {
    throw new BadMessage(`the device speaks schema ${String(values["schema"])}, this page reads ${SCHEMA}; update it`, true);
  }
  switch (values["type"]) {
    case "frame":
      return checkedFrame(values);
    case "pong":
      if (!isNumber(values["sent_ms"]) || !isNumber(values["monotonic_ns"], 0)) throw new BadMessage("an empty pong");
      return values as unknown as Pong;
    case "status":
      return checkedStatus(values);
    case "health":
      return checkedHealth(values);
    case "face_lost":
    case "error":
    case "reply":
      return values as unknown as Message;
    default:
      return null;
  }
}
