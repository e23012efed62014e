/** Where pictures come from in this browser: the visitor's camera, or a virtual one over a picture of a face. */

import { jsonOf } from "./files.ts";

/** Gives pictures until it is closed. */
export interface Camera {
  /** The stream's name for it. */
  name: string;
  /**
   * Call back at every picture; what is not asked for is not copied.
   *
   * @param onPicture gets the time of the capture, milliseconds of this page's clock, and what takes the picture.
   */
  open(onPicture: (captured: number, take: () => Promise<ImageBitmap>) => void): Promise<void>;
  close(): void;
}

/** Why a camera cannot be used, in a sentence for its owner. */
export class CameraRefused extends Error {}

const REASONS: Record<string, string> = {
  NotAllowedError: "the camera may not be used; allow it in the browser's address bar, then choose it again",
  NotFoundError: "no camera was found; plug one in, then choose it again",
  NotReadableError: "another program uses the camera; close that one, then choose it again",
};

/** The visitor's own camera: its pictures go to this page's own worker and nowhere else. */
export class OwnCamera implements Camera {
  readonly name = "camera";
  private readonly video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  private stream: MediaStream | null = null;

  async open(onPicture: Parameters<Camera["open"]>[0]): Promise<void> {
    // A page that did not come over HTTPS or from this machine has no cameras at all.
    if (!navigator.mediaDevices) throw new CameraRefused("a camera needs a page from https:// or from this machine");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "user" } });
    } catch (error) {
      if (error instanceof DOMException) throw new CameraRefused(REASONS[error.name] ?? error.message);
      throw error;
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    const next: VideoFrameRequestCallback = (now, { captureTime }) => {
      if (this.stream === null) return;
      onPicture(captureTime ?? now, () => createImageBitmap(this.video));
      this.video.requestVideoFrameCallback(next);
    };
    this.video.requestVideoFrameCallback(next);
  }

  close(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }
}

/** One round of the device's demo camera: of each frame the map from the picture, a b c d e f, and the brightness. */
interface DemoPath {
  /** Of the square picture, in the unit of the maps. */
  side: number;
  size: [number, number];
  fps: number;
  frames: [number, number, number, number, number, number, number][];
}

/** The virtual camera over a picture, on the path of the device's own. */
export class DemoCamera implements Camera {
  readonly name = "demo";
  private timer: ReturnType<typeof setInterval> | undefined;

  /** @param folder address of the picture and the path. */
  constructor(private readonly folder: string) {}

  async open(onPicture: Parameters<Camera["open"]>[0]): Promise<void> {
    const [path, file] = await Promise.all([jsonOf<DemoPath>(`${this.folder}path.json`), fetch(`${this.folder}picture.jpg`).then((answer) => answer.blob())]);
    const image = await createImageBitmap(file);
    const canvas = Object.assign(document.createElement("canvas"), { width: path.size[0], height: path.size[1] });
    const pen = canvas.getContext("2d")!;
    let number = 0;
    this.timer = setInterval(() => {
      const frame = path.frames[number++ % path.frames.length]!;
      onPicture(performance.now(), () => {
        draw(pen, image, path.side, frame);
        return createImageBitmap(canvas);
      });
    }, 1000 / path.fps);
  }

  close(): void {
    clearInterval(this.timer);
  }
}

/** What the camera sees at one point of its path; grey beyond the picture, where the device repeats its rim. */
function draw(pen: CanvasRenderingContext2D, picture: ImageBitmap, side: number, [a, b, c, d, e, f, brightness]: DemoPath["frames"][number]): void {
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = "#8d857f";
  pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
  // A canvas counts from the corner of the first pixel, the maps from its centre.
  pen.setTransform(a, d, b, e, c + 0.5 - (a + b) / 2, f + 0.5 - (d + e) / 2);
  pen.drawImage(picture, 0, 0, side, side);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = `rgb(0 0 0 / ${1 - brightness})`;
  pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
}
