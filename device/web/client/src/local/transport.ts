/** A stream that is made in this browser: a camera's pictures, read by a worker, in place of a device's messages. */

import type { Health } from "../messages.ts";
import type { Listener, Transport } from "../transport.ts";
import { type Camera, CameraRefused } from "./camera.ts";
import type { Moment } from "./pipeline.ts";
import type { Chip } from "./runtime.ts";
import type { Reply, Request } from "./worker.ts";

/** Milliseconds between two messages about the camera's rate. */
const HEALTH_MS = 1_000;

/** What reads the pictures, once it is ready. */
export interface Ready {
  model: string;
  chip: Chip;
}

export class LocalTransport implements Transport {
  private worker: Worker | null = null;
  private listener: Listener | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Whether the worker waits for a picture. */
  private idle = false;
  private pictures = false;
  private captured = 0;
  private skipped = 0;
  private capturedBefore = 0;
  private readonly begun = performance.now();

  /**
   * @param camera whose pictures are read.
   * @param folder address of the folder with the models and the runtime.
   * @param model by its name.
   * @param onReady called when the first picture is about to be read.
   */
  constructor(private readonly camera: Camera, private readonly folder: string, private readonly model: string, private readonly onReady: (ready: Ready) => void) {}

  open(listener: Listener): void {
    this.listener = listener;
    this.worker = new Worker(new URL("worker.js", this.folder));
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.onReply(data);
    this.worker.onerror = ({ message }) => this.fail(message);
    this.ask({ open: { folder: this.folder, model: this.model } });
  }

  /** Answers pings by this page's own clock, and shows pictures or no more. */
  send(text: string): void {
    const request = JSON.parse(text) as { type: string; sent_ms?: number; on?: boolean };
    if (request.type === "picture") this.pictures = request.on === true;
    if (request.type !== "ping") return;
    const pong = { type: "pong", schema: 1, sent_ms: request.sent_ms, monotonic_ns: Math.round(performance.now() * 1e6) };
    this.listener?.text(JSON.stringify(pong));
  }

  close(): void {
    this.listener = null;
    clearInterval(this.timer);
    this.camera.close();
    this.worker?.terminate();
  }

  private ask(request: Request, transferred: Transferable[] = []): void {
    this.worker?.postMessage(request, transferred);
  }

  private fail(reason: string): void {
    this.listener?.down(reason, true);
  }

  private onReply(reply: Reply): void {
    if (this.listener === null) return;
    if ("failed" in reply) this.fail(reply.failed);
    else if ("ready" in reply) void this.begin(reply.ready);
    else {
      this.idle = true;
      // The worker's clock began later than the page's.
      this.listener.text(JSON.stringify({ ...reply.frame, published_ns: Math.round(performance.now() * 1e6) }));
      if (this.pictures) this.listener.bitmap(reply.frame.sequence, reply.picture);
      else reply.picture.close();
    }
  }

  private async begin(ready: Ready): Promise<void> {
    try {
      await this.camera.open((captured, take) => void this.onPicture(captured, take));
    } catch (error) {
      if (!(error instanceof CameraRefused)) throw error;
      this.fail(error.message);
      return;
    }
    if (this.listener === null) {
      this.camera.close();
      return;
    }
    this.idle = true;
    this.listener.up();
    this.timer = setInterval(() => this.reportHealth(), HEALTH_MS);
    this.onReady(ready);
  }

  /** The newest picture wins: those that come while another is read are left out. */
  private async onPicture(captured: number, take: () => Promise<ImageBitmap>): Promise<void> {
    const moment: Moment = { source: this.camera.name, sequence: this.captured++, captured };
    if (!this.idle) {
      this.skipped += 1;
      return;
    }
    this.idle = false;
    const picture = await take();
    this.ask({ picture, moment }, [picture]);
  }

  private reportHealth(): void {
    const now = performance.now();
    const rate = ((this.captured - this.capturedBefore) * 1000) / HEALTH_MS;
    this.capturedBefore = this.captured;
    const ok = { state: "ok", reason: "" } as const;
    const health: Health = {
      type: "health", schema: 1, source: this.camera.name,
      monotonic_ns: Math.round(now * 1e6), utc_ns: Date.now() * 1e6, uptime_s: (now - this.begun) / 1000,
      frames: this.captured - this.skipped, skipped: this.skipped, unreadable: 0, fps_captured: rate,
      restarts: { camera: 0, inference: 0, broker: 0 }, camera: ok, inference: ok, broker: ok,
    };
    this.listener?.text(JSON.stringify(health));
  }
}
