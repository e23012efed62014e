import { describe, expect, test } from "vitest";
import { BadMessage, type Frame, MAX_TEXT, readMessage } from "../src/messages.ts";
import { aFace, aFrame } from "./faces.ts";

const frame = () => JSON.parse(JSON.stringify(aFrame(3, 100))) as Record<string, any>;

describe("readMessage", () => {
  test("gives a frame as it was written", () => {
    const wanted = frame();
    for (const face of wanted["faces"]) face.signals = {};
    expect(readMessage(JSON.stringify(frame()))).toEqual(wanted);
  });

  test("keeps the covered regions that it knows, and nothing else under that name", () => {
    const told = (occluded: unknown) => {
      const message = frame();
      message["faces"][0].occluded = occluded;
      return (readMessage(JSON.stringify(message)) as Frame).faces[0]!.occluded;
    };
    expect(told(["mouth", "hat", 7, "__proto__", "nose"])).toEqual(["mouth", "nose"]);
    expect(told("mouth")).toBeUndefined();
  });

  test("leaves keys alone that it does not know, and skips kinds that it does not know", () => {
    expect(readMessage(JSON.stringify({ ...frame(), novel: 7 }))).toHaveProperty("novel", 7);
    expect(readMessage('{"type":"novel","schema":1}')).toBeNull();
    expect(readMessage("{}")).toBeNull();
  });

  test("refuses another schema and says so", () => {
    expect(() => readMessage(JSON.stringify({ ...frame(), schema: 2 }))).toThrowError(/speaks schema 2/);
    try {
      readMessage('{"type":"frame","schema":2}');
    } catch (error) {
      expect((error as BadMessage).otherSchema).toBe(true);
    }
  });

  test.each([
    ["no JSON", "{"],
    ["NaN", '{"type":"frame","schema":1,"sequence":NaN}'],
    ["no object", "7"],
    ["null", "null"],
    ["no size", JSON.stringify({ ...frame(), frame: {} })],
    ["a huge size", JSON.stringify({ ...frame(), frame: { width: 1e300, height: 1 } })],
    ["no number", JSON.stringify({ ...frame(), sequence: "3" })],
    ["no faces", JSON.stringify({ ...frame(), faces: null })],
  ])("refuses a message with %s", (_, text) => {
    expect(() => readMessage(text)).toThrowError(BadMessage);
  });

  test("does not look at ten megabytes", () => {
    expect(() => readMessage(" ".repeat(MAX_TEXT + 1))).toThrowError(/characters/);
  });

  test.each([
    ["a huge coordinate", (face: any) => (face.landmarks[5][0] = 1e300)],
    ["a missing point", (face: any) => face.landmarks.pop()],
    ["a point of three numbers", (face: any) => (face.landmarks[5] = [1, 2, 3])],
    ["a null in its box", (face: any) => (face.box[2] = null)],
    ["no id", (face: any) => delete face.id],
  ])("leaves out a face with %s and keeps the others", (_, spoil) => {
    const spoilt = frame();
    spoilt["faces"] = [aFace(1), aFace(2)];
    spoil(spoilt["faces"][0]);
    const read = readMessage(JSON.stringify(spoilt)) as any;
    expect(read.faces.map((face: any) => face.id)).toEqual([2]);
  });

  test("leaves out a pose that cannot be drawn and keeps its face", () => {
    const spoilt = frame();
    spoilt["faces"][0].pose = { yaw: 1e9, pitch: 0, roll: 0, position: [0, 0, 5], focal_px: 600 };
    const read = readMessage(JSON.stringify(spoilt)) as any;
    expect(read.faces).toHaveLength(1);
    expect(read.faces[0].pose).toBeUndefined();
  });

  test("keeps of signals, status and health what can be shown", () => {
    const spoilt = frame();
    spoilt["faces"][0].signals = { smile_left: 0.5, smile_right: "wide", arkit: { jawOpen: 0.25, tongueOut: null, "no name": 1 }, ["x".repeat(50)]: 1, pucker: 1e300 };
    spoilt["model"] = { toString: 1 };
    const read = readMessage(JSON.stringify(spoilt)) as any;
    expect(read.faces[0].signals).toEqual({ smile_left: 0.5, arkit: { jawOpen: 0.25 } });
    expect(read.model).toBe("");
    const status = { type: "status", schema: 1, camera: 7, broker: null, model: { state: "ok" }, inference: { state: "odd" } };
    expect(readMessage(JSON.stringify(status))).toMatchObject({ model: { state: "ok", reason: "" } });
    expect(readMessage(JSON.stringify(status))).not.toHaveProperty("camera");
    const health = { type: "health", schema: 1, fps: "<img>", rss_mb: 90, throttled: "hot", uptime_s: null };
    expect(readMessage(JSON.stringify(health))).toEqual({ type: "health", schema: 1, rss_mb: 90 });
  });
});
