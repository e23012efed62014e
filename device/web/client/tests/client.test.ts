import { expect, test } from "vitest";
import { connect, LandmarkClient } from "../src/client.ts";
import type { Listener, Transport } from "../src/transport.ts";
import { aFrame } from "./faces.ts";

/** A device in the same room: the test speaks for it. */
class FakeTransport implements Transport {
  listener!: Listener;
  sent: string[] = [];
  open(listener: Listener): void {
    this.listener = listener;
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {}
}

function aClient(): { client: LandmarkClient; device: FakeTransport } {
  const device = new FakeTransport();
  return { client: new LandmarkClient(device).open(), device };
}

test("frames, health and states are heard by those who asked, and by nobody after", () => {
  const { client, device } = aClient();
  const heard: string[] = [];
  const end = client.on("frame", (frame) => heard.push(`frame ${frame.sequence}`));
  client.on("connection", ({ state }) => heard.push(state));
  client.on("health", ({ frames }) => heard.push(`health ${frames}`));
  device.listener.up();
  device.listener.text(JSON.stringify(aFrame(1, 100)));
  device.listener.text('{"type":"health","schema":1,"source":"demo","frames":7}');
  device.listener.down("gone");
  end();
  device.listener.text(JSON.stringify(aFrame(2, 133)));
  expect(heard).toEqual(["live", "frame 1", "health 7", "offline", "live"]);
  client.close();
});

test("the first thing that is sent is a ping, and its answer sets the clock", () => {
  const { client, device } = aClient();
  device.listener.up();
  const ping = JSON.parse(device.sent[0]!) as { type: string; sent_ms: number };
  expect(ping.type).toBe("ping");
  device.listener.text(JSON.stringify({ type: "pong", schema: 1, sent_ms: ping.sent_ms, monotonic_ns: 9e12 }));
  const now = performance.now();
  expect(Math.abs(client.clock.toDevice(now) - 9e6)).toBeLessThan(100);
  client.close();
});

test("bad messages are counted and the next good one is drawn", () => {
  const { client, device } = aClient();
  device.listener.up();
  for (const text of ["{", "NaN", "[".repeat(500_000), '{"type":"frame","schema":1}']) device.listener.text(text);
  device.listener.text(JSON.stringify(aFrame(1, 100)));
  expect(client.bad).toBe(4);
  expect(client.faces("newest")).toHaveLength(1);
  client.close();
});

test("another schema is told once as a refusal, and taken back when good frames come", () => {
  const { client, device } = aClient();
  const states: string[] = [];
  client.on("connection", ({ state, reason }) => states.push(`${state} ${reason}`.trim()));
  device.listener.up();
  for (let index = 0; index < 3; index++) device.listener.text('{"type":"frame","schema":2}');
  expect(states).toEqual(["live", "refused the device speaks schema 2, this page reads 1; update it"]);
  device.listener.text(JSON.stringify(aFrame(1, 100)));
  expect(client.connection).toBe("live");
  client.close();
});

test("a picture comes with the number of its frame", async () => {
  const { client, device } = aClient();
  const data = new Uint8Array([0, 0, 0, 0, 0, 0, 1, 2, 0xff, 0xd8, 0xff]);
  const heard = new Promise<{ sequence: number; image: Blob | ImageBitmap }>((done) => client.on("picture", done));
  device.listener.bytes(data.buffer);
  const { sequence, image } = await heard;
  expect(sequence).toBe(258);
  expect(new Uint8Array(await (image as Blob).arrayBuffer())).toEqual(new Uint8Array([0xff, 0xd8, 0xff]));
  client.close();
});

test("connect without a place to connect to says what is wanted", () => {
  expect(() => connect({})).toThrowError(/url, mqtt nor recording/);
});
