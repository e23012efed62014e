/** Landmarks in this browser: pictures in, frames of the stream out, by the device's own models and rules. */

import type { Frame } from "../messages.ts";
import { Reader } from "./face_reader.ts";
import { bytesOf, jsonOf } from "./files.ts";
import { Finder } from "./finder.ts";
import { LandmarkNetwork } from "./landmark_network.ts";
import type { Picture } from "./pixels.ts";
import type { FinderManifest, ModelManifest, Rules } from "./rules.ts";
import { type Chip, Network, openRuntime, type Runtime } from "./runtime.ts";
import { Tracker } from "./tracker.ts";

export { Finder, LandmarkNetwork };

/** What `python -m device.web.demo` writes about itself. */
export interface Contents {
  /** Names of the landmark models, the default first. */
  models: string[];
  rules: Rules;
}

/** When a picture was taken, and which it is. */
export interface Moment {
  source: string;
  sequence: number;
  /** Milliseconds of this page's clock. */
  captured: number;
}

/** Runs that decide which chip is the faster; the first, which prepares, does not count. */
const RACE_RUNS = 6;

/** Milliseconds of a run on an empty crop. */
async function timeOf(network: LandmarkNetwork): Promise<number> {
  const { width, height } = network.cropSize;
  const empty = new Uint8Array(3 * width * height).fill(128);
  await network.infer(empty);
  const begun = performance.now();
  for (let run = 0; run < RACE_RUNS; run++) await network.infer(empty);
  return (performance.now() - begun) / RACE_RUNS;
}

/** The landmark network on whichever chip is faster. */
async function fastest(runtime: Runtime, open: (chip: Chip) => Promise<LandmarkNetwork>): Promise<{ network: LandmarkNetwork; chip: Chip }> {
  const racers = [];
  for (const chip of runtime.chips) {
    const network = await open(chip);
    racers.push({ network, chip, time: runtime.chips.length > 1 ? await timeOf(network) : 0 });
  }
  return racers.reduce((best, each) => (each.time < best.time ? each : best));
}

export class Pipeline {
  private readonly tracker: Tracker;
  private readonly reader: Reader;

  constructor(private readonly network: LandmarkNetwork, finder: Finder, rules: Rules, readonly chip: Chip) {
    this.tracker = new Tracker(network, finder, rules);
    this.reader = new Reader(rules, network.manifest.scheme);
  }

  /**
   * Load models and runtime.
   *
   * @param folder address of the folder that `make web-demo` builds.
   * @param model one of its models; by default the first.
   * @throws UnusableModel when a model is of another kind than this program reads.
   */
  static async open(folder: string, model?: string): Promise<Pipeline> {
    const at = (path: string) => new URL(path, folder).href;
    const { models, rules } = await jsonOf<Contents>(at("models/contents.json"));
    const name = model ?? models[0]!;
    const [runtime, file, manifest, finderFile, finderManifest] = await Promise.all([
      openRuntime(at("litert/")),
      bytesOf(at(`models/${name}/student.tflite`)), jsonOf<ModelManifest>(at(`models/${name}/student.json`)),
      bytesOf(at("models/finder/finder.tflite")), jsonOf<FinderManifest>(at("models/finder/finder.json")),
    ]);
    const { network, chip } = await fastest(runtime, async (each) => {
      const runner = await Network.open(runtime, file, manifest.input, [manifest.heatmap, manifest.presence], each);
      return new LandmarkNetwork(manifest, runner, rules);
    });
    const { input, score, box, points } = finderManifest;
    const finder = new Finder(finderManifest, await Network.open(runtime, finderFile, input, [score, box, points], "cpu"));
    return new Pipeline(network, finder, rules, chip);
  }

  /** NAME@sha8 of the model. */
  get identity(): string {
    return this.network.identity;
  }

  /** The faces of one more picture, as a frame of the stream. */
  async read(picture: Picture, { source, sequence, captured }: Moment): Promise<Frame> {
    const tracked = await this.tracker.track(picture, captured / 1000);
    const begun = performance.now();
    const faces = this.reader.read(tracked, picture, captured / 1000);
    const now = performance.now();
    return {
      type: "frame", schema: 1, source, sequence,
      captured_ns: Math.round(captured * 1e6),
      published_ns: Math.round(now * 1e6),
      frame: { width: picture.width, height: picture.height },
      faces,
      timing_ms: { ...tracked.timing, signal: now - begun },
      model: this.identity,
    };
  }
}
