import { expect, test } from "vitest";
import { MqttTransport } from "../src/mqtt.ts";

/** What a page hears when these arrive from a broker. */
function heard(...messages: [string, Uint8Array][]): string[] {
  const told: string[] = [];
  const transport = new MqttTransport({ url: "ws://nowhere", topic: "landmarks/hall" }) as any;
  transport.listener = {
    up: () => told.push("up"),
    down: (reason: string) => told.push(reason),
    text: (text: string) => told.push(text),
    bytes: () => {},
    binary: (data: Uint8Array) => told.push(`${data.length} bytes`),
  };
  for (const [topic, payload] of messages) transport.onMessage(`landmarks/hall/${topic}`, payload);
  return told;
}

const text = (value: string) => new TextEncoder().encode(value);

test("frames are handed on, and the status topic says whether more will come", () => {
  expect(heard(["frames", text("{}")], ["status", text("stopped")], ["status", text("online")])).toEqual(["{}", "the device was stopped", "up"]);
});

test("frames in binary form are handed on as they are", () => {
  expect(heard(["frames", new Uint8Array([0xa9, 0x64])])).toEqual(["2 bytes"]);
});
