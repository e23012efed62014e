/** One face through time: where it was, how it moves, where it should be now (device/tracking/track.py). */

import type { Observation } from "./observation.ts";
import type { Rules } from "./rules.ts";
import { type Change, Motion, plus, REST, type Shape, steadyVelocity } from "./shape_motion.ts";

interface Place {
  seconds: number;
  observation: Observation;
}

export class Track {
  observation!: Observation;
  /** Whether it is in the newest frame. */
  seen = true;
  private seenSeconds = 0;
  private rate: Change = REST;
  private behind: Change = REST;
  private held: Shape | null = null;
  private turnChecked = 0;
  /** Places with no other face near, for when later ones cannot be trusted. */
  private trusted: Place[] = [];
  private readonly motion: Motion;

  constructor(readonly id: number, observation: Observation, seconds: number, private readonly rules: Rules) {
    this.motion = new Motion(rules.motion);
    this.comeBack(observation, seconds);
  }

  /** Start again from a face that was found again: its earlier motion no longer counts. */
  comeBack(observation: Observation, seconds: number): void {
    this.update(observation, seconds);
    this.rate = this.behind = REST;
    this.held = null;
    this.turnChecked = seconds;
    this.trusted = [{ seconds, observation }];
  }

  private update(observation: Observation, seconds: number): void {
    this.observation = observation;
    this.seen = true;
    this.seenSeconds = seconds;
  }

  /** Whether the face's roll is to be checked in this frame; the next check is then due later. */
  turnCheckIsDue(seconds: number): boolean {
    const since = seconds - this.turnChecked;
    const due = !(since >= 0 && since < this.rules.track.turn_check_seconds);
    if (due) this.turnChecked = seconds;
    return due;
  }

  unseenSeconds(seconds: number): number {
    return seconds - this.seenSeconds;
  }

  /** Where the landmarks should be now, from where they were last seen. */
  predict(seconds: number): Shape {
    return this.motion.changed(this.observation.shape, plus(this.behind, this.motion.ahead(this.rate, this.unseenSeconds(seconds))));
  }

  /** Where to crop now: where the landmarks should be or, if that is near, where the last crop was. */
  aim(seconds: number): Shape {
    const expected = this.predict(seconds);
    if (this.held === null || !this.motion.isHeld(this.motion.between(this.held, expected), this.observation.size)) this.held = expected;
    return this.held;
  }

  /** Where the landmarks should be now, extrapolated from the last trusted places. */
  coast(seconds: number): Shape {
    const before = this.trusted.filter((place) => place.seconds <= this.seenSeconds - this.rules.track.suspect_seconds);
    const places = before.length > 0 ? before : [this.trusted[0]!];
    const velocity = steadyVelocity(places.map((place) => ({ seconds: place.seconds, ...place.observation.shape })));
    const last = places.at(-1)!;
    return this.motion.changed(last.observation.shape, this.motion.ahead(velocity, seconds - last.seconds));
  }

  /** Update by an observation; only a clear one, with no other face near, changes the motion. */
  see(observation: Observation, seconds: number, clearly: boolean): void {
    const error = this.motion.between(this.predict(seconds), observation.shape);
    if (Math.abs(error.roll) > this.rules.track.max_roll_step) {
      this.comeBack(observation, seconds);
      return;
    }
    this.behind = this.motion.leftBehind(error);
    if (clearly) {
      this.rate = this.motion.nextRate(this.rate, error, this.unseenSeconds(seconds));
      this.trusted.push({ seconds, observation });
    }
    while (this.trusted.length > 1 && seconds - this.trusted[0]!.seconds > this.rules.track.memory_seconds) this.trusted.shift();
    this.update(observation, seconds);
  }

  /** It is not in this frame; it may come back. */
  lose(): void {
    this.seen = false;
  }
}
