/** The pipeline in a thread of its own, so that the page draws on while a network runs. */

import type { Frame } from "../messages.ts";
import { type Moment, Pipeline } from "./pipeline.ts";
import { UnusableModel } from "./rules.ts";
import type { Chip } from "./runtime.ts";

/** What the page asks: first to open a model, then about one picture after the other. */
export type Request = { open: { folder: string; model: string } } | { picture: ImageBitmap; moment: Moment };

/** What it is told. A picture comes back with its frame. */
export type Reply = { ready: { model: string; chip: Chip } } | { frame: Frame; picture: ImageBitmap } | { failed: string };

interface Thread {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply, transferred?: Transferable[]): void;
}

const thread = self as unknown as Thread;
const canvas = new OffscreenCanvas(1, 1);
const pen = canvas.getContext("2d", { willReadFrequently: true })!;
let pipeline: Pipeline | null = null;

function pixelsOf(picture: ImageBitmap): ImageData {
  const { width, height } = picture;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  pen.drawImage(picture, 0, 0);
  return pen.getImageData(0, 0, width, height);
}

async function answer(request: Request): Promise<void> {
  if ("open" in request) {
    pipeline = await Pipeline.open(request.open.folder, request.open.model);
    thread.postMessage({ ready: { model: pipeline.identity, chip: pipeline.chip } });
  } else {
    const frame = await pipeline!.read(pixelsOf(request.picture), request.moment);
    thread.postMessage({ frame, picture: request.picture }, [request.picture]);
  }
}

thread.onmessage = ({ data }) => {
  answer(data).catch((error: unknown) => {
    thread.postMessage({ failed: error instanceof Error ? error.message : String(error) });
    // Anything else is a fault of ours, and belongs in the console as well.
    if (!(error instanceof UnusableModel)) throw error;
  });
};
