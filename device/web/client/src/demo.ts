/** The demo that runs in a browser alone: the device's page over a stream that is made here. */

import { LandmarkClient } from "./client.ts";
import { wireControls, wireTheme } from "./controls.ts";
import { LiveView } from "./live_view.ts";
import { DemoCamera, OwnCamera } from "./local/camera.ts";
import { jsonOf } from "./local/files.ts";
import type { Contents } from "./local/pipeline.ts";
import { LocalTransport, type Ready } from "./local/transport.ts";
import { element } from "./panel.ts";

const FOLDER = new URL(".", location.href).href;

const CHIPS = { cpu: "the processor (WebAssembly)", gpu: "the graphics chip (WebGPU)" };

function chosen(name: string): string {
  return document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)!.value;
}

function showReady({ model, chip }: Ready): void {
  element("chip").textContent = `Model ${model} runs on ${CHIPS[chip]}.`;
}

/** A client of the camera and the model that are chosen. */
function openClient(): LandmarkClient {
  element("chip").textContent = "Loading the networks …";
  const camera = chosen("camera") === "own" ? new OwnCamera() : new DemoCamera(`${FOLDER}demo/`);
  return new LandmarkClient(new LocalTransport(camera, FOLDER, chosen("model"), showReady)).open();
}

function offerModels(models: string[]): void {
  const choices = models.map((name, index) => {
    const label = document.createElement("label");
    label.append(Object.assign(document.createElement("input"), { type: "radio", name: "model", value: name, checked: index === 0 }), name);
    return label;
  });
  element("models").append(...choices);
}

async function main(): Promise<void> {
  document.body.dataset["view"] = "flat";
  wireTheme();
  offerModels((await jsonOf<Contents>(`${FOLDER}models/contents.json`)).models);
  // Neither picture leaves this page, so it is shown at once.
  const view = new LiveView(openClient(), () => Promise.resolve({ available: true, public: true }));
  wireControls(view);
  element("local").addEventListener("change", () => view.change(openClient()));
}

void main();
