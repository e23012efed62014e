/** The page: connects, draws at every refresh of the display, and shows the figures. */

import { connect, type LandmarkClient, type Options, type Picture, readRecording, type Timing } from "./client.ts";
import { drawFaces, hasIbug68, type Wanted } from "./drawing.ts";
import { Figures } from "./figures.ts";
import type { Frame } from "./messages.ts";
import { element, Panel } from "./panel.ts";
import { RecordingTransport } from "./recording.ts";
import type { FaceScene, Worn } from "./scene.ts";
import { SAMPLES } from "./samples.ts";
import type { Shown } from "./stage.ts";

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

function checked(name: string): string[] {
  return [...document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`)].map((box) => box.value);
}

class Page {
  private client: LandmarkClient;
  private readonly panel = new Panel();
  private figures = new Figures();
  private readonly flat = element<HTMLCanvasElement>("flat");
  private readonly canvas = this.flat.getContext("2d")!;
  private scene: FaceScene | null = null;
  private fresh: { frame: Frame; arrived: number } | null = null;
  private captures = new Map<number, number>();
  private background: { image: ImageBitmap; sequence: number; at: number } | null = null;
  private refresh = 1000 / 60;
  private lastDraw = 0;
  private lastFigures = 0;

  constructor(options: Options) {
    this.client = this.connect(options);
    requestAnimationFrame((now) => this.draw(now));
  }

  /** Leave the stream in hand for another. */
  reconnect(options: Options): void {
    this.client.close();
    this.figures = new Figures();
    this.background = null;
    this.client = this.connect(options);
  }

  set speed(value: number) {
    if (this.client.transport instanceof RecordingTransport) this.client.transport.speed = value;
  }

  /** Show the camera's picture behind the faces, or no more. */
  showPicture(on: boolean): void {
    this.client.showPictures(on);
    if (!on) this.background = null;
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
    const { FaceScene } = await import("./scene.ts");
    if (document.body.dataset["view"] !== "scene" || this.scene) return;
    try {
      this.scene = new FaceScene();
      element("worn").append(this.scene.canvas);
    } catch (error) {
      this.note(`This browser cannot draw in 3D (${error instanceof Error ? error.message : "no WebGL"}).`);
    }
  }

  private note(text: string): void {
    element("note").textContent = text;
    element("note").hidden = false;
  }

  private connect(options: Options): LandmarkClient {
    const client = connect(options);
    client.on("frame", (frame) => this.onFrame(frame));
    client.on("status", (status) => this.panel.showStatus(status));
    client.on("health", (health) => this.panel.showHealth(health));
    client.on("picture", (picture) => void this.onPicture(picture));
    client.on("connection", ({ state, reason }) => {
      showConnection(state, reason);
      if (state === "live" && element<HTMLInputElement>("picture").checked) client.showPictures(true);
      if (reason.includes("token")) askForToken();
    });
    return client;
  }

  private onFrame(frame: Frame): void {
    this.fresh = { frame, arrived: performance.now() };
    this.captures.set(frame.sequence, frame.captured_ns / 1e6);
    if (this.captures.size > TIMES_KEPT) this.captures.delete(this.captures.keys().next().value!);
  }

  private async onPicture({ sequence, jpeg }: Picture): Promise<void> {
    let image: ImageBitmap;
    try {
      image = await createImageBitmap(jpeg);
    } catch {
      return; // Half a picture; the next one comes.
    }
    this.background?.image.close();
    this.background = element<HTMLInputElement>("picture").checked ? { image, sequence, at: performance.now() } : null;
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
    const presence = this.client.connection === "live" ? this.client.presence : this.client.connection;
    showPresence(presence);
    if (started - this.lastFigures > FIGURES_MS) this.showFigures(frame, started);
  }

  private drawFrame(frame: Frame, now: number): void {
    const size = frame.frame;
    const scale = fit(this.flat, size.width, size.height);
    if (this.background && now - this.background.at > PICTURE_OLD_MS) this.background = null;
    const { faces, instant } = this.facesAt(now);
    this.canvas.clearRect(0, 0, this.flat.width, this.flat.height);
    if (this.background) this.canvas.drawImage(this.background.image, 0, 0, this.flat.width, this.flat.height);
    let lenses: Drawn["lenses"] = [];
    if (this.scene) {
      this.scene.resize(this.flat.width, this.flat.height);
      const worn = checked("wear");
      lenses = this.scene.draw(faces.filter(({ points }) => hasIbug68(points)), size, Object.fromEntries(["glasses", "hat", "mask"].map((each) => [each, worn.includes(each)])) as unknown as Worn);
    } else {
      const drawn = checked("draw");
      drawFaces(this.canvas, faces, scale, Object.fromEntries(["points", "lines", "boxes", "axes"].map((each) => [each, drawn.includes(each)])) as unknown as Wanted);
    }
    this.announce(frame, faces, lenses, instant);
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

function showPresence(presence: string): void {
  const text = presence === "faces" ? "" : presence;
  const shown = element("presence");
  if (shown.textContent !== text) shown.textContent = text;
}

function askForToken(): void {
  element<HTMLDetailsElement>("connect-card").open = true;
  element("connect").querySelector<HTMLInputElement>('input[name="token"]')?.focus();
}

/** The token stands behind the `#`, which browsers never send; it is kept for this tab and taken out of sight. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    sessionStorage.setItem("token", token);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem("token") ?? undefined;
}

function ownStream(token: string | undefined): Options {
  const url = new URL("stream", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = url.hash = "";
  return { url: url.href, ...(token ? { token } : {}) };
}

async function recordingFrom(source: string | File, speed: number): Promise<Options> {
  const data = typeof source === "string" ? await (await fetch(source)).blob() : source;
  return { recording: { lines: await readRecording(data), speed } };
}

/** What the page's own address asks for: `?recording=`, `?mqtt=` with `topic=`, else this device. */
async function firstOptions(): Promise<Options> {
  const asked = new URLSearchParams(location.search);
  const [mqtt, topic, recording] = [asked.get("mqtt"), asked.get("topic"), asked.get("recording")];
  if (mqtt && topic) return { mqtt: { url: mqtt, topic } };
  if (recording && SAMPLES.includes(recording)) return recordingFrom(`samples/${recording}`, Number(asked.get("speed") ?? 1));
  return ownStream(takeToken());
}

async function chosenOptions(form: HTMLFormElement): Promise<Options> {
  const value = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value;
  if (value("way") === "mqtt") {
    const [username, password] = [value("username"), value("password")];
    return { mqtt: { url: value("broker"), topic: value("topic"), ...(username ? { username, password } : {}) } };
  }
  if (value("way") === "recording") {
    const file = (form.elements.namedItem("file") as HTMLInputElement).files?.[0];
    return recordingFrom(file ?? `samples/${value("sample")}`, 10 ** Number(value("speed")));
  }
  const token = value("token");
  if (token) sessionStorage.setItem("token", token);
  return ownStream(token || undefined);
}

function wireForm(page: Page): void {
  const form = element<HTMLFormElement>("connect");
  const sample = form.elements.namedItem("sample") as HTMLSelectElement;
  sample.append(...SAMPLES.map((name) => new Option(name, name)));
  form.addEventListener("change", () => {
    const way = (form.elements.namedItem("way") as HTMLSelectElement).value;
    for (const part of form.querySelectorAll<HTMLElement>("[data-way]")) part.hidden = part.dataset["way"] !== way;
  });
  form.addEventListener("input", () => {
    const speed = 10 ** Number((form.elements.namedItem("speed") as HTMLInputElement).value);
    element("speed").textContent = `${speed.toFixed(speed < 1 ? 2 : 1)} times`;
    page.speed = speed;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void chosenOptions(form).then((options) => page.reconnect(options));
  });
}

function wireTheme(): void {
  const themes = ["auto", "light", "dark"];
  const button = element("theme");
  const show = (theme: string) => {
    document.documentElement.dataset["theme"] = theme;
    button.textContent = `Theme: ${theme}`;
  };
  show(localStorage.getItem("theme") ?? "auto");
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset["theme"] ?? "auto") + 1) % themes.length]!;
    localStorage.setItem("theme", next);
    show(next);
  });
}

function wireView(page: Page): void {
  const picture = element<HTMLInputElement>("picture");
  const mirror = element<HTMLInputElement>("mirror");
  document.querySelectorAll<HTMLInputElement>('input[name="view"]').forEach((choice) => {
    choice.addEventListener("change", () => void page.showView(choice.value));
  });
  picture.addEventListener("change", () => page.showPicture(picture.checked));
  mirror.addEventListener("change", () => element("view").classList.toggle("mirrored", mirror.checked));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).matches('input:not([type="radio"], [type="checkbox"]), select')) return;
    const target = { "1": 'input[value="flat"]', "2": 'input[value="scene"]', p: "#picture", m: "#mirror" }[event.key.toLowerCase()];
    if (target) document.querySelector<HTMLInputElement>(target)?.click();
  });
}

/** Whether the device sends pictures: it tells in its health. */
async function offerPicture(token: string | undefined): Promise<void> {
  try {
    const answer = await fetch("health", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
    const { picture } = (await answer.json()) as { picture?: boolean };
    element<HTMLInputElement>("picture").disabled = picture !== true;
    element("picture-why").hidden = picture === true;
  } catch {
    // The badge says already that the device does not answer.
  }
}

async function main(): Promise<void> {
  wireTheme();
  const token = takeToken();
  const page = new Page(await firstOptions());
  wireForm(page);
  wireView(page);
  await offerPicture(token);
  if (new URLSearchParams(location.search).get("view") === "scene") document.querySelector<HTMLInputElement>('input[value="scene"]')!.click();
}

document.body.dataset["view"] = "flat";
void main();
