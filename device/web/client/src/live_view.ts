/** The live view: draws the faces of a stream at every refresh of the display, and the figures beside them. */

import type { LandmarkClient, Picture, Timing } from "./client.ts";
import { drawFaces, hasIbug68, type Wanted } from "./drawing.ts";
import { Figures } from "./figures.ts";
import type { Frame } from "./messages.ts";
import { element, Panel } from "./panel.ts";
import { RecordingTransport } from "./recording.ts";
import type { Worn } from "./scene/head.ts";
import type { FaceScene } from "./scene/scene.ts";
import type { Skin } from "./scene/skins.ts";
import type { Presence, Shown } from "./stage.ts";

/** Milliseconds between two refreshes of the figures: people do not read faster. */
const FIGURES_MS = 250;

/** Frames whose times are remembered until their pictures come. */
const TIMES_KEPT = 32;

/** A picture older than this is no background any more, milliseconds. */
const PICTURE_OLD_MS = 1_000;

/** Heard on `document` at every drawing: for those who want to know what was drawn where and for which instant. */
export interface Drawn {
  /** Milliseconds of the device's clock that the drawing stands for; NaN while the clock is not known. */
  instant: number;
  /** Number of the newest frame. */
  sequence: number;
  /** Milliseconds since the capture of that frame, at this drawing; only at its first. */
  age: number | null;
  faces: { id: number; opacity: number; points: number[] }[];
  /** Where the scene put the lenses, pixels of the frame. */
  lenses: { id: number; lenses: [number, number][] }[];
  presence: string;
}

/** Whether a stream has pictures to show, and whether they are so public that they are shown without asking. */
export interface Pictures {
  available: boolean;
  public: boolean;
}

interface Background {
  image: ImageBitmap;
  /** Number of its frame. */
  sequence: number;
  /** Milliseconds of the page's clock at which it came. */
  at: number;
}

function checked(name: string): string[] {
  return [...document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`)].map((box) => box.value);
}

export class LiveView {
  private client: LandmarkClient;
  private readonly panel = new Panel();
  private figures = new Figures();
  private readonly flat = element<HTMLCanvasElement>("flat");
  private readonly canvas = this.flat.getContext("2d")!;
  private readonly pictureBox = element<HTMLInputElement>("picture");
  private scene: FaceScene | null = null;
  private fresh: { frame: Frame; arrived: number } | null = null;
  private captures = new Map<number, number>();
  private background: Background | null = null;
  /** A picture whose frame has not come: nobody knows yet where faces are in it. */
  private early: Background | null = null;
  private source = "";
  private pictureChosen = false;
  private refresh = 1000 / 60;
  private lastDraw = 0;
  private lastFigures = 0;

  /**
   * @param client that gives the stream.
   * @param askForPictures which pictures the stream in hand has; asked whenever its source changes.
   * @param onRefused called when the stream wants a token.
   */
  constructor(client: LandmarkClient, private readonly askForPictures: () => Promise<Pictures>, private readonly onRefused = () => {}) {
    this.client = this.listenTo(client);
    this.pictureBox.addEventListener("change", () => {
      this.pictureChosen = true;
      this.showPictures(this.pictureBox.checked);
    });
    requestAnimationFrame((now) => this.draw(now));
  }

  /** Leave the stream in hand for another. */
  change(client: LandmarkClient): void {
    this.client.close();
    this.figures = new Figures();
    this.panel.forget();
    this.background = this.early = null;
    this.captures.clear();
    this.source = "";
    this.client = this.listenTo(client);
  }

  set speed(value: number) {
    if (this.client.transport instanceof RecordingTransport) this.client.transport.speed = value;
  }

  /** Draw flat, or load what draws in three dimensions. */
  async showView(view: string): Promise<void> {
    element("note").hidden = true;
    document.body.dataset["view"] = view;
    if (view === "flat") {
      this.scene?.close();
      this.scene = null;
      return;
    }
    const { FaceScene } = await import("./scene/scene.ts");
    if (document.body.dataset["view"] !== "scene" || this.scene) return;
    try {
      this.scene = new FaceScene();
      element("worn").append(this.scene.canvas);
    } catch (error) {
      element("note").textContent = `This browser cannot draw in 3D (${error instanceof Error ? error.message : "no WebGL"}).`;
      element("note").hidden = false;
    }
  }

  private listenTo(client: LandmarkClient): LandmarkClient {
    client.on("frame", (frame) => this.onFrame(frame));
    client.on("status", (status) => this.panel.showStatus(status));
    client.on("health", (health) => this.panel.showHealth(health));
    client.on("picture", (picture) => void this.onPicture(picture));
    client.on("connection", ({ state, reason }) => {
      showConnection(state, reason);
      if (state === "live") this.showPictures(this.pictureBox.checked);
      else this.panel.outOfDate();
      if (reason.includes("token")) this.onRefused();
    });
    showConnection(client.connection, "");
    return client;
  }

  private showPictures(on: boolean): void {
    this.client.showPictures(on);
    if (!on) this.background = null;
  }

  /** Offer the pictures that the stream has, and show at once what anybody may see, until the viewer has chosen. */
  private async offerPictures(): Promise<void> {
    const { available, public: open } = await this.askForPictures();
    this.pictureBox.disabled = !available;
    element("picture-why").hidden = available;
    if (!this.pictureChosen) this.pictureBox.checked = available && open;
    this.showPictures(available && this.pictureBox.checked);
  }

  private onFrame(frame: Frame): void {
    this.fresh = { frame, arrived: performance.now() };
    this.captures.set(frame.sequence, frame.captured_ns / 1e6);
    if (this.captures.size > TIMES_KEPT) this.captures.delete(this.captures.keys().next().value!);
    if (this.early?.sequence === frame.sequence) this.putBehind(this.early);
    if (frame.source === this.source) return;
    this.source = frame.source;
    void this.offerPictures();
  }

  private async onPicture({ sequence, image: data }: Picture): Promise<void> {
    let image: ImageBitmap;
    try {
      image = await createImageBitmap(data);
    } catch {
      return; // Half a picture; the next one comes.
    }
    const picture = { image, sequence, at: performance.now() };
    if (this.captures.has(sequence)) this.putBehind(picture);
    else this.early = picture;
  }

  private putBehind(picture: Background): void {
    this.early = null;
    this.background?.image.close();
    this.background = this.pictureBox.checked ? picture : null;
  }

  private draw(now: number): void {
    requestAnimationFrame((next) => this.draw(next));
    const started = performance.now();
    // The display's own rhythm, for the instant at which this drawing will be seen; a page that was hidden has none.
    if (now - this.lastDraw < 100) this.refresh += 0.1 * (now - this.lastDraw - this.refresh);
    this.lastDraw = now;
    const frame = this.client.frame;
    if (frame) this.drawFrame(frame, started);
    else this.canvas.clearRect(0, 0, this.flat.width, this.flat.height);
    showPresence(this.client.connection === "live" ? PRESENCES[this.client.presence] : `not connected: ${this.client.connection}`);
    if (started - this.lastFigures > FIGURES_MS) this.showFigures(frame, started);
  }

  private drawFrame(frame: Frame, now: number): void {
    const scale = fit(this.flat, frame.frame.width, frame.frame.height);
    if (this.background && now - this.background.at > PICTURE_OLD_MS) this.background = null;
    const { faces, instant } = this.facesAt(now);
    this.canvas.clearRect(0, 0, this.flat.width, this.flat.height);
    if (this.background) this.canvas.drawImage(this.background.image, 0, 0, this.flat.width, this.flat.height);
    const lenses = this.scene ? this.drawScene(this.scene, faces, frame) : [];
    if (!this.scene) drawFaces(this.canvas, faces, scale, wanted());
    this.announce(frame, faces, lenses, instant);
  }

  private drawScene(scene: FaceScene, faces: Shown[], { frame }: Frame): Drawn["lenses"] {
    scene.resize(this.flat.width, this.flat.height);
    return scene.draw(faces.filter(({ points }) => hasIbug68(points)), { frame, pictured: this.background !== null }, worn());
  }

  /** Over a picture, faces are where they were in it; without one, where they will be when they are seen. */
  private facesAt(now: number): { faces: Shown[]; instant: number } {
    const captured = this.background ? this.captures.get(this.background.sequence) : undefined;
    if (captured !== undefined) return { faces: this.client.facesAt(captured), instant: captured };
    const timing = (checked("timing")[0] ?? "predict") as Timing;
    return { faces: this.client.faces(timing, this.refresh), instant: this.client.clock.toDevice(now + this.refresh) };
  }

  private announce(frame: Frame, faces: Shown[], lenses: Drawn["lenses"], instant: number): void {
    const drawn = performance.now();
    let age: number | null = null;
    if (this.fresh) {
      this.figures.add(this.fresh.frame, this.fresh.arrived, drawn, (device) => this.client.clock.toLocal(device));
      age = drawn - this.client.clock.toLocal(this.fresh.frame.captured_ns / 1e6);
      this.fresh = null;
    }
    const detail: Drawn = {
      instant, age, lenses, sequence: frame.sequence, presence: this.client.presence,
      faces: faces.map(({ id, opacity, points }) => ({ id, opacity, points: [...points] })),
    };
    document.dispatchEvent(new CustomEvent<Drawn>("landmarks:drawn", { detail }));
  }

  private showFigures(frame: Frame | null, now: number): void {
    this.lastFigures = now;
    this.panel.showFigures(this.figures, now);
    if (!frame) return;
    element("source").textContent = `${frame.source} · ${frame.frame.width}×${frame.frame.height}`;
    element("model").textContent = frame.model;
    // What an old frame says of faces is out of date: the camera or the connection may be lost.
    const faces = this.client.presence === "faces" && this.client.connection === "live" ? frame.faces : [];
    this.panel.showFace(faces[0], faces.length);
  }
}

/** What is said over the view. */
const PRESENCES: Record<Presence, string> = {
  faces: "",
  "no face": "no face in view",
  stale: "nothing new for half a second",
  waiting: "waiting for the first frame",
};

function wanted(): Wanted {
  const drawn = checked("draw");
  return { points: drawn.includes("points"), lines: drawn.includes("lines"), boxes: drawn.includes("boxes"), axes: drawn.includes("axes") };
}

function worn(): Worn {
  const [pieces, skin] = [checked("wear"), checked("skin")[0]];
  return { glasses: pieces.includes("glasses"), hat: pieces.includes("hat"), skin: skin === "none" ? null : (skin as Skin) };
}

/** Make the canvas as sharp as the display; returns canvas pixels per frame pixel. */
function fit(canvas: HTMLCanvasElement, width: number, height: number): number {
  const view = element("view");
  const shape = `${width} / ${height}`;
  if (view.style.aspectRatio !== shape) view.style.aspectRatio = shape;
  const sharp = Math.round(canvas.clientWidth * Math.min(devicePixelRatio, 2)) || width;
  if (canvas.width !== sharp) {
    canvas.width = sharp;
    canvas.height = Math.round((sharp * height) / width);
  }
  return canvas.width / width;
}

function showConnection(state: string, reason: string): void {
  const badge = element("connection");
  badge.dataset["state"] = state;
  badge.textContent = reason ? `${state}: ${reason}` : state;
}

function showPresence(text: string): void {
  const shown = element("presence");
  if (shown.textContent !== text) shown.textContent = text;
}
