/**
 * landmark-client: the stream of face landmarks in a browser.
 *
 *     import { connect } from "./client.js";
 *     const client = connect({ url: "ws://localhost:8080/stream" });
 *     client.on("frame", (frame) => console.log(frame.faces.length));
 *     requestAnimationFrame(function draw() {
 *       for (const face of client.faces()) paint(face.points, face.opacity);
 *       requestAnimationFrame(draw);
 *     });
 */

import { readBinaryFrame } from "./cbor.ts";
import { DeviceClock } from "./clock.ts";
import { BadMessage, type ErrorMessage, type FaceLost, type Frame, type Health, type Message, type Pong, type Status, readMessage } from "./messages.ts";
import { type MqttOptions, MqttTransport } from "./mqtt.ts";
import { RecordingTransport } from "./recording.ts";
import { SocketTransport } from "./socket.ts";
import { type Presence, type Shown, Stage, type Timing } from "./stage.ts";
import type { Transport } from "./transport.ts";

export { FACEMESH_OF_IBUG_68, fromFacemesh } from "./facemesh.ts";
export { headMatrix, viewAngle } from "./pose.ts";
export { readRecording, RecordingTransport } from "./recording.ts";
export { coveredPoints } from "./regions.ts";
export type { Face, Frame, Health, Pose, Status } from "./messages.ts";
export type { Shown, Presence, Timing } from "./stage.ts";

/** Milliseconds between pings: quickly at first, then now and then. */
const EARLY_PING_MS = 200;
const EARLY_PINGS = 8;
const PING_MS = 2_000;

/** Bytes before the JPEG: the frame's number, most significant first. */
const PICTURE_HEAD = 8;

/** `live`: messages come or will; `refused`: trying again would not help, somebody must change something. */
export type Connection = "connecting" | "live" | "offline" | "refused";

export interface Picture {
  /** Number of its frame. */
  sequence: number;
  /** A JPEG from a device, a bitmap from this browser's own camera: either is what `createImageBitmap` takes. */
  image: Blob | ImageBitmap;
}

export interface Events {
  frame: Frame;
  face_lost: FaceLost;
  error: ErrorMessage;
  status: Status;
  health: Health;
  picture: Picture;
  /** The connection to the device has changed; `reason` is one line for people. */
  connection: { state: Connection; reason: string };
  /** A message that could not be used and was left out. */
  bad: { reason: string };
}

export interface Options {
  /** Address of the WebSocket, such as `ws://pi.local:8080/stream`. */
  url?: string;
  /** The token that the device asks viewers for. */
  token?: string;
  /** A broker instead. */
  mqtt?: MqttOptions;
  /** Lines of a recording instead, and how fast they are played: 0.1 to 10. */
  recording?: { lines: string[]; speed?: number; repeat?: boolean };
}

type Listeners = { [Name in keyof Events]: Set<(event: Events[Name]) => void> };

function transportFor(options: Options): Transport {
  if (options.recording) return new RecordingTransport(options.recording.lines, options.recording.speed, options.recording.repeat);
  if (options.mqtt) return new MqttTransport(options.mqtt);
  if (options.url) return new SocketTransport(options.url, options.token);
  throw new TypeError("connect() got neither url, mqtt nor recording; give one of them");
}

export class LandmarkClient {
  /** The device's clock; use `clock.toDevice(performance.now())`. */
  readonly clock = new DeviceClock();
  /** Messages that could not be used. */
  bad = 0;
  private readonly stage = new Stage();
  /** The transport in use, for what only some have, such as a recording's speed. */
  readonly transport: Transport;
  private readonly listeners: Listeners = {
    frame: new Set(), face_lost: new Set(), error: new Set(), status: new Set(),
    health: new Set(), picture: new Set(), connection: new Set(), bad: new Set(),
  };
  private state: Connection = "connecting";
  private pings = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Listen to an event; the function that is returned ends that. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    this.listeners[name].add(listener);
    return () => this.listeners[name].delete(listener);
  }

  /** State of the connection to the device. */
  get connection(): Connection {
    return this.state;
  }

  /** Whether the stream shows faces now. */
  get presence(): Presence {
    return this.stage.presence(performance.now());
  }

  /** The newest frame, or null before the first. */
  get frame(): Frame | null {
    return this.stage.frame;
  }

  /**
   * The faces to draw now, predicted to the instant at which they will be seen.
   *
   * @param ahead milliseconds from now until then: the display's next refresh.
   */
  faces(timing: Timing = "predict", ahead = 0): Shown[] {
    const now = performance.now();
    return this.stage.at(now, this.clock.toDevice(now + ahead), timing);
  }

  /** The faces at an instant, in milliseconds of the device's clock; for example that of a picture. */
  facesAt(instant: number): Shown[] {
    return this.stage.at(performance.now(), instant, "predict");
  }

  /** Ask for pictures, or for no more of them; the device sends them only where its owner allows it. */
  showPictures(on: boolean): void {
    this.transport.send(JSON.stringify({ type: "picture", on }));
  }

  /** Start to connect. */
  open(): this {
    this.transport.open({
      up: () => this.onUp(),
      down: (reason, refused = false) => this.onDown(reason, refused),
      text: (data) => this.onText(data),
      bytes: (data) => this.onBytes(data),
      bitmap: (sequence, image) => this.emit("picture", { sequence, image }),
      binary: (data) => this.onMessage(() => readBinaryFrame(data)),
    });
    return this;
  }

  /** Disconnect; no listener is called any more. */
  close(): void {
    clearTimeout(this.timer);
    this.transport.close();
    for (const listeners of Object.values(this.listeners)) listeners.clear();
  }

  private emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.listeners[name]) listener(event);
  }

  private onUp(): void {
    this.state = "live";
    // After a restart the device may have another clock.
    this.clock.reset();
    this.pings = 0;
    clearTimeout(this.timer);
    this.ping();
    this.emit("connection", { state: this.state, reason: "" });
  }

  private onDown(reason: string, refused: boolean): void {
    clearTimeout(this.timer);
    this.state = refused ? "refused" : "offline";
    this.emit("connection", { state: this.state, reason });
  }

  private ping(): void {
    this.transport.send(JSON.stringify({ type: "ping", sent_ms: performance.now() }));
    this.pings += 1;
    this.timer = setTimeout(() => this.ping(), this.pings < EARLY_PINGS ? EARLY_PING_MS : PING_MS);
  }

  private onText(data: string): void {
    this.onMessage(() => readMessage(data));
  }

  private onMessage(read: () => Message | Pong | null): void {
    const received = performance.now();
    let message: Message | Pong | null;
    try {
      message = read();
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.onBad(error);
      return;
    }
    if (message === null || message.type === "reply" || message.type === "selftest") return;
    if (message.type === "pong") this.clock.addPing(message.sent_ms, received, message.monotonic_ns / 1e6);
    else {
      if (message.type === "frame") this.onFrame(message, received);
      this.emit(message.type, message as never);
    }
  }

  private onFrame(frame: Frame, received: number): void {
    if (this.state !== "live") {
      this.state = "live";
      this.emit("connection", { state: this.state, reason: "" });
    }
    this.clock.addMessage(frame.published_ns / 1e6, received);
    this.stage.add(frame, received);
  }

  private onBad(error: BadMessage): void {
    this.bad += 1;
    this.emit("bad", { reason: error.message });
    if (error.otherSchema && this.state !== "refused") this.onDown(error.message, true);
  }

  private onBytes(data: ArrayBuffer): void {
    if (data.byteLength <= PICTURE_HEAD) return;
    const sequence = Number(new DataView(data).getBigUint64(0));
    this.emit("picture", { sequence, image: new Blob([data.slice(PICTURE_HEAD)], { type: "image/jpeg" }) });
  }
}

/** Connect to a device and stay connected. */
export function connect(options: Options): LandmarkClient {
  return new LandmarkClient(transportFor(options)).open();
}
