/** Tracked faces to face messages: smoothed landmarks and pose (device/signal/reader.py). */

import type { Face } from "../messages.ts";
import { boxAround, type Points, type Size } from "./geometry.ts";
import { HeadPose } from "./head_pose.ts";
import type { Observation } from "./observation.ts";
import type { Rules } from "./rules.ts";
import { SteadyFace } from "./smoothing.ts";
import type { TrackedFrame } from "./tracker.ts";

/** The scheme that the mean face has. */
const POSED_SCHEME = "ibug_68";

/** One face from frame to frame. */
class FaceReader {
  private readonly pose: HeadPose;
  private seconds: number | null = null;
  private steady: SteadyFace | null = null;

  constructor(private readonly rules: Rules, private readonly scheme: string) {
    this.pose = new HeadPose(rules);
  }

  /** The face is not in this frame: its filter starts anew. */
  lose(): void {
    this.seconds = null;
    this.steady = null;
  }

  read(id: number, { score, scores, landmarks: raw, shape }: Observation, frame: Size, seconds: number): Face {
    const landmarks = this.steadied(raw, shape, this.elapsed(seconds));
    const pose = this.scheme === POSED_SCHEME ? this.pose.find(landmarks, frame) : null;
    return {
      id,
      score,
      box: boxAround(landmarks),
      landmarks: Array.from({ length: landmarks.length / 2 }, (_, index) => [landmarks[2 * index]!, landmarks[2 * index + 1]!]),
      landmark_scores: [...scores],
      ...(pose ? { pose } : {}),
    };
  }

  /** Time since the last observation; 0 for the first, and after a gap, which starts anew. */
  private elapsed(seconds: number): number {
    const since = this.seconds === null ? 0 : seconds - this.seconds;
    const usable = since > 0 && since <= (this.rules.smoothing?.max_gap_seconds ?? 0);
    if (!usable) this.lose();
    this.seconds = seconds;
    return usable ? since : 0;
  }

  private steadied(raw: Points, shape: Observation["shape"], elapsed: number): Points {
    if (this.rules.smoothing === null) return raw;
    if (this.steady) return this.steady.follow(shape, elapsed);
    this.steady = new SteadyFace(this.rules.smoothing, this.rules.front_radius, shape);
    return raw;
  }
}

/** Reads every face of a stream, with the state of each kept by its id. */
export class Reader {
  private readonly known = new Map<number, FaceReader>();

  constructor(private readonly rules: Rules, private readonly scheme: string) {}

  read({ faces, lost }: TrackedFrame, frame: Size, seconds: number): Face[] {
    for (const id of lost) this.known.delete(id);
    for (const [id, reader] of this.known) if (!faces.some((face) => face.id === id)) reader.lose();
    return faces.map(({ id, observation }) => this.of(id).read(id, observation, frame, seconds));
  }

  private of(id: number): FaceReader {
    const reader = this.known.get(id) ?? new FaceReader(this.rules, this.scheme);
    this.known.set(id, reader);
    return reader;
  }
}
