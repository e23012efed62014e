/** Which stream the page shows: what its address asks for, and the form that asks for another. */

import { connect, type LandmarkClient, type Options, readRecording } from "./client.ts";
import type { LiveView } from "./live_view.ts";
import { element } from "./panel.ts";
import { SAMPLES } from "./samples.ts";

/** The token stands behind the `#`, which browsers never send; it is kept for this tab and taken out of sight. */
export function takeToken(): string | undefined {
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
export async function firstClient(): Promise<LandmarkClient> {
  const asked = new URLSearchParams(location.search);
  const [mqtt, topic, recording] = [asked.get("mqtt"), asked.get("topic"), asked.get("recording")];
  if (mqtt && topic) return connect({ mqtt: { url: mqtt, topic } });
  if (recording && SAMPLES.includes(recording)) return connect(await recordingFrom(`samples/${recording}`, Number(asked.get("speed") ?? 1)));
  return connect(ownStream(takeToken()));
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

/** Have the form change the view's stream. */
export function wireForm(view: LiveView): void {
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
    view.speed = speed;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void chosenOptions(form).then((options) => view.change(connect(options)));
  });
}

/** Open the form at the token's place. */
export function askForToken(): void {
  element<HTMLDetailsElement>("connect-card").open = true;
  element("connect").querySelector<HTMLInputElement>('input[name="token"]')?.focus();
}
