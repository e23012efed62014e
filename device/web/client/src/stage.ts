/** The faces to draw at an instant, each with an opacity: faces fade in and out and are never shown when out of date. */

import type { Frame } from "../types/stream.d.ts";
import { FaceMotion, type Placed } from "./motion.ts";

/** Milliseconds without a frame after which what is drawn is old. */
export const STALE_MS = 500;

/** Milliseconds in which a face that is no longer seen fades. */
export const FADE_MS = 250;

/** Milliseconds behind the newest capture at which `smooth` draws, so that there is mostly a message on either side. */
export const DELAY_MS = 80;

/** `predict`: as it should be when it is seen. `smooth`: a little late, between two messages. `newest`: as in the newest message. */
export type Timing = "predict" | "smooth" | "newest";

/** Whether the stream shows faces. */
export type Presence = "faces" | "no face" | "stale" | "waiting";

export interface Shown extends Placed {
  /** 1 while it is seen, to 0 as it fades. */
  opacity: number;
}

interface Actor {
  motion: FaceMotion;
  /** Milliseconds of the device's clock at which it was last seen. */
  seen: number;
  /** The least that it was shown with since then: messages that are late by turns must not make it flicker. */
  faded: number;
}

export class Stage {
  private readonly actors = new Map<number, Actor>();
  private source = "";
  /** The newest frame. */
  frame: Frame | null = null;
  /** Milliseconds of the page's clock at which it came. */
  private arrived = -Infinity;

  /** Add a frame that arrived at an instant of the page's clock. */
  add(frame: Frame, arrived: number): void {
    const captured = frame.captured_ns / 1e6;
    const restarted = this.frame !== null && captured < this.frame.captured_ns / 1e6;
    if (frame.source !== this.source || restarted) this.clear();
    this.source = frame.source;
    this.frame = frame;
    this.arrived = arrived;
    for (const face of frame.faces) {
      const actor = this.actors.get(face.id) ?? { motion: new FaceMotion(), seen: 0, faded: 1 };
      actor.motion.add(captured, face);
      actor.seen = captured;
      actor.faded = 1;
      this.actors.set(face.id, actor);
    }
  }

  /** Forget every face. */
  clear(): void {
    this.actors.clear();
    this.frame = null;
    this.arrived = -Infinity;
  }

  /** What the stream says at an instant of the page's clock. */
  presence(now: number): Presence {
    if (this.frame === null) return "waiting";
    if (now - this.arrived > STALE_MS) return "stale";
    return this.frame.faces.length > 0 ? "faces" : "no face";
  }

  /**
   * The faces to draw.
   *
   * @param now milliseconds of the page's clock.
   * @param instant the same instant, or the one at which the drawing will be seen, by the device's clock; NaN: not known.
   */
  at(now: number, instant: number, timing: Timing): Shown[] {
    if (this.frame === null) return [];
    const captured = this.frame.captured_ns / 1e6;
    // What was not reported for long fades like a face that is gone: nobody knows where it is.
    const old = fade(now - this.arrived - STALE_MS);
    const shown: Shown[] = [];
    for (const [id, actor] of this.actors) {
      // Ages are of the page's clock since the frame came: a clock that is not known yet must not hide a face.
      const unseen = actor.seen < captured ? captured - actor.seen + (now - this.arrived) : 0;
      actor.faded = Math.min(fade(unseen), actor.faded);
      const opacity = Math.min(actor.faded, old);
      if (actor.faded <= 0) this.actors.delete(id);
      const placed = this.placed(actor.motion, instant, timing);
      if (placed !== null && opacity > 0) shown.push({ ...placed, opacity });
    }
    return shown;
  }

  private placed(motion: FaceMotion, instant: number, timing: Timing): Placed | null {
    if (timing === "newest" || Number.isNaN(instant)) return motion.newest();
    return motion.at(timing === "smooth" ? instant - DELAY_MS : instant);
  }
}

/** 1 before 0 ms, 0 from FADE_MS on. */
function fade(elapsed: number): number {
  return Math.min(Math.max(1 - elapsed / FADE_MS, 0), 1);
}
