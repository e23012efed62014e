import { readFileSync } from "node:fs";
import { decode, encode } from "cborg";
import { describe, expect, test } from "vitest";
import { readBinaryFrame, unpackPoints } from "../src/cbor.ts";
import { BadMessage, type Frame, readMessage } from "../src/messages.ts";
import names from "../src/names.json";

/** What the device recorded, as lines and in binary form. */
const FOLDER = new URL("../../../../tests/device/messages/recorded/", import.meta.url);
const BINARY = readFileSync(new URL("frames.cbor.hex", FOLDER), "utf-8").trim().split("\n").map((line) => Uint8Array.from(Buffer.from(line, "hex")));
const LINES = readFileSync(new URL("stream-1.jsonl", FOLDER), "utf-8").split("\n").filter((line) => line.startsWith('{"type":"frame"'));

type Packed = Map<any, any>;
const packed = (): Packed => decode(BINARY[2]!, { useMaps: true }) as Packed;

describe("readBinaryFrame", () => {
  test.each([0, 1, 2])("gives recorded frame %i as its line does, but for the rounding", (number) => {
    const [frame, wanted] = [readBinaryFrame(BINARY[number]!), readMessage(LINES[number]!) as Frame];
    expect({ ...frame, faces: [] }).toEqual({ ...wanted, faces: [] });
    expect(frame.faces).toHaveLength(wanted.faces.length);
    frame.faces.forEach((face, index) => {
      const twin = wanted.faces[index]!;
      expect([face.id, face.score, face.occluded, face.blinks]).toEqual([twin.id, twin.score, twin.occluded, twin.blinks]);
      expect(Object.keys(face.signals!).sort()).toEqual(Object.keys(twin.signals!).sort());
      expect(face.pose!.yaw).toBeCloseTo(twin.pose!.yaw, 1);
      face.landmarks.flat().forEach((value, place) => expect(Math.abs(value - twin.landmarks.flat()[place]!)).toBeLessThan(1 / 32 + 0.006));
    });
  });

  test("passes over what a later version adds: a signal, a number, a region, a key", () => {
    const frame = packed();
    const face = frame.get("faces")[0] as Packed;
    // The counts of this version, kept here as they are.
    expect([face.get(7).length, face.get(6).length, face.get(8).length]).toEqual([15, 8, 2]);
    face.set(7, new Uint8Array([...face.get(7), 64]));
    face.set(6, [...face.get(6), 7]);
    face.set(8, [...face.get(8), 1]);
    face.set(9, face.get(9) | (1 << 7));
    face.set(4, new Uint8Array([...face.get(4), 1, 2]));
    face.set(12, new Map([["what", "a later version knows"]]));
    frame.set("new", [1, null]);
    const { new: added, ...read } = readBinaryFrame(encode(frame)) as Frame & { new: unknown };
    expect(added).toEqual([1, null]);
    expect(read).toEqual(readBinaryFrame(BINARY[2]!));
  });

  test("gives ARKit's blend shapes where JSON has them", () => {
    const frame = packed();
    const face = frame.get("faces")[0] as Packed;
    face.set(11, new Uint8Array(names.arkit.length).fill(51));
    const { arkit, ...signals } = readBinaryFrame(encode(frame)).faces[0]!.signals!;
    expect(arkit).toEqual(Object.fromEntries(names.arkit.map((name) => [name, 0.2])));
    expect(signals).toEqual(readBinaryFrame(BINARY[2]!).faces[0]!.signals);
  });

  test("reads a face of another scheme by its own number of points", () => {
    const frame = packed();
    const face = frame.get("faces")[0] as Packed;
    for (const key of [6, 7, 8, 9, 10]) face.delete(key);
    face.set(5, new Uint8Array(5).fill(255));
    face.set(4, new Uint8Array([16, 0, 0, 0, 0xe0, 0xff, 0xff, 0xff, 0]));
    frame.set("faces", [face]);
    frame.set("scheme", "arcface_5");
    expect(readBinaryFrame(encode(frame)).faces[0]!.landmarks).toEqual(Array(5).fill([1, -2]));
    frame.set("scheme", "later_5");
    expect(readBinaryFrame(encode(frame)).faces).toHaveLength(1);
    frame.set("scheme", "wflw_98");
    expect(readBinaryFrame(encode(frame)).faces).toHaveLength(0);
    frame.delete("scheme");
    expect(readBinaryFrame(encode(frame)).faces).toHaveLength(0);
  });

  test("refuses anything else with one kind of error", () => {
    const junk = [new Uint8Array(), new Uint8Array([0xa0]), new Uint8Array([0xff, 0xff]), encode([1]), encode({ type: "frame", faces: [7] }), new Uint8Array(2_000_000)];
    for (const data of junk) expect(() => readBinaryFrame(data)).toThrowError(BadMessage);
    // Numerical Recipes' generator: the same bytes every time.
    let state = 7;
    const chance = (below: number) => (state = (1664525 * state + 1013904223) % 2 ** 32) % below;
    for (let index = 0; index < 500; index++) {
      const data = Uint8Array.from(BINARY[index % 3]!);
      for (let times = 0; times < 3; times++) data[chance(data.length)] = chance(256);
      try {
        readBinaryFrame(data);
      } catch (error) {
        expect(error).toBeInstanceOf(BadMessage);
      }
    }
  }, 30_000);
});

test("packed points are laid out as the specification says", () => {
  // Steps (16, -32), (17, -32), (31, -17): the least is (16, -32); 15 takes four bits.
  const data = new Uint8Array([16, 0, 0, 0, 0xe0, 0xff, 0xff, 0xff, 4, 0x00, 0x10, 0xff]);
  expect(unpackPoints(data, 3)).toEqual([[1, -2], [1.0625, -2], [1.9375, -1.0625]]);
});
