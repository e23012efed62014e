/** The figures beside the picture. */

import type { Condition, Face, Health, Status } from "./messages.ts";
import { type Figures, type StageName, STAGES } from "./figures.ts";

/** The element of an id; the page is ours, so it is there. */
export function element<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

function say(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

/** A number with so many digits; a dash where there is none, and no sign before zero. */
export function figure(value: number | undefined, digits = 0): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return value.toFixed(digits).replace(/^-(?=[0.]*$)/, "");
}

interface Bar {
  name: HTMLElement;
  fills: HTMLElement[];
  values: HTMLElement[];
  track: HTMLElement;
}

/** A row of a table with a bar in its second cell. */
function addBar(body: HTMLElement, fills: number, values: number): Bar {
  const row = body.appendChild(document.createElement("tr"));
  const name = row.appendChild(document.createElement("th"));
  name.scope = "row";
  const track = row.appendChild(document.createElement("td")).appendChild(document.createElement("div"));
  track.className = "track";
  return {
    name,
    track,
    fills: Array.from({ length: fills }, () => track.appendChild(document.createElement("i"))),
    values: Array.from({ length: values }, () => row.appendChild(document.createElement("td"))),
  };
}

function fill(bar: HTMLElement, from: number, to: number): void {
  bar.style.left = `${Math.min(Math.max(from, 0), 1) * 100}%`;
  bar.style.width = `${Math.min(Math.max(to - from, 0), 1) * 100}%`;
}

/** A bar of nothing, without its figure. */
function clear(bar: Bar): void {
  for (const each of bar.fills) fill(each, 0, 0);
  for (const value of bar.values) value.textContent = figure(undefined);
}

/** The stages of a message in words. */
const STAGE_WORDS: Record<StageName, string> = {
  find: "find faces",
  crop: "cut out the face",
  infer: "run the network",
  decode: "read its result",
  "rest of device": "rest of the device",
  "way here": "way to this page",
  "until drawn": "until drawn",
};

/** The parts that a device reports on: how they are named in its state, and at the beginning of a sentence. */
const PARTS = {
  camera: ["camera", "The camera"],
  inference: ["network", "The landmark network"],
  broker: ["connections", "A connection to other programs"],
  model: ["model", "The model"],
} as const;

/** What the states mean. */
const STATES: Record<Condition["state"], string> = { ok: "works", degraded: "works with less", lost: "does not work" };

export class Panel {
  private readonly stages = new Map<string, Bar>();
  private readonly signals = new Map<string, Bar>();

  constructor() {
    const body = element("latency").querySelector("tbody")!;
    for (const name of STAGES) {
      const bar = addBar(body, 2, 2);
      bar.name.textContent = STAGE_WORDS[name];
      bar.fills[0]!.className = "far";
      this.stages.set(name, bar);
    }
  }

  showFigures(figures: Figures, now: number): void {
    say("fps", figure(figures.rate(now), 1));
    say("age", figure(figures.age(0.95), 1));
    const times = STAGES.map((name) => figures.stage(name));
    const most = Math.max(...times.map(({ p95 }) => (Number.isFinite(p95) ? p95 : 0)), 1);
    STAGES.forEach((name, index) => {
      const { p50, p95 } = times[index]!;
      const { fills, values } = this.stages.get(name)!;
      fill(fills[0]!, 0, (p95 || 0) / most);
      fill(fills[1]!, 0, (p50 || 0) / most);
      values[0]!.textContent = figure(p50, 1);
      values[1]!.textContent = figure(p95, 1);
    });
  }

  showHealth(health: Health): void {
    say("skipped", figure(health.skipped));
    say("fps-in", figure(health.fps_captured ?? health.fps, 1));
    const rows: [string, string][] = [];
    if (health.temperature_c !== undefined) rows.push(["temperature", `${figure(health.temperature_c)} °C`]);
    if (health.rss_mb !== undefined) rows.push(["memory", `${figure(health.rss_mb)} MB`]);
    if (health.throttled?.length) rows.push(["slowed by", health.throttled.join(", ")]);
    if (health.uptime_s !== undefined) rows.push(["running for", `${figure(health.uptime_s / 60, 1)} min`]);
    for (const [name, text] of rows) this.showPart(name, text, name === "slowed by" ? "degraded" : "none");
  }

  showStatus(status: Status): void {
    const troubles: string[] = [];
    for (const [part, [name, subject]] of Object.entries(PARTS) as [keyof typeof PARTS, (typeof PARTS)["camera"]][]) {
      const condition: Condition | undefined = status[part];
      if (!condition) continue;
      const text = condition.reason ? `${STATES[condition.state]}: ${condition.reason}` : STATES[condition.state];
      this.showPart(name, text, condition.state);
      if (condition.state !== "ok") troubles.push(`${subject} ${text}.`);
    }
    say("trouble", troubles.join(" "));
  }

  /** Forget what the stream in hand said of its device. */
  forget(): void {
    say("trouble", "");
    element("parts").replaceChildren();
  }

  /** The stream is gone: what it said of its device is out of date. */
  outOfDate(): void {
    say("trouble", "");
    say("fps-in", figure(undefined));
    for (const value of element("parts").querySelectorAll("dd")) {
      value.dataset["state"] = "none";
      value.textContent = "not known";
    }
  }

  private showPart(name: string, text: string, state: string): void {
    const list = element("parts");
    let value = list.querySelector<HTMLElement>(`dd[data-part="${name}"]`);
    if (!value) {
      list.appendChild(document.createElement("dt")).textContent = name;
      value = list.appendChild(document.createElement("dd"));
      value.dataset["part"] = name;
    }
    value.dataset["state"] = state;
    if (value.textContent !== text) value.textContent = text;
  }

  showFace(face: Face | undefined, count: number): void {
    say("face-id", face ? `${face.id}${count > 1 ? ` of ${count}` : ""}` : "none");
    const pose = face?.pose;
    const degrees = (value: number) => `${figure(value)}°`;
    say("pose", pose ? `turned ${degrees(pose.yaw)} (yaw), raised ${degrees(pose.pitch)} (pitch), tilted ${degrees(pose.roll)} (roll)` : "");
    for (const [name, value] of Object.entries(face?.signals ?? {})) {
      if (typeof value === "number") this.showSignal(name, value);
    }
    if (!face) for (const bar of this.signals.values()) clear(bar);
  }

  /** A bar from the left for what goes from 0 to 1, from the middle for what has been below 0. */
  private showSignal(name: string, value: number): void {
    let bar = this.signals.get(name);
    if (!bar) {
      if (this.signals.size >= 40) return;
      bar = addBar(element("signals").querySelector("tbody")!, 1, 1);
      bar.name.textContent = name.replaceAll("_", " ");
      bar.track.classList.toggle("signed", SIGNED.test(name));
      this.signals.set(name, bar);
    }
    if (bar.track.classList.contains("signed")) fill(bar.fills[0]!, 0.5 + Math.min(value, 0) / 2, 0.5 + Math.max(value, 0) / 2);
    else fill(bar.fills[0]!, 0, value);
    bar.values[0]!.textContent = figure(value, 2);
  }
}

/** Signals from -1 to 1; the others go from 0 to 1. */
const SIGNED = /^(brow_(inner|outer)|smile|mouth_(width|sideways))/;
