/**
 * Faces from frame to frame: searched now and then, followed by their own landmarks in between (device/tracking/tracker.py, which
 * gives the reasons).
 */

import { distance, isSameFace, matchCheapest, returnCost } from "./association.ts";
import type { Finder, FoundFace } from "./finder.ts";
import { type Box, boxAround } from "./geometry.ts";
import type { LandmarkNetwork } from "./landmark_network.ts";
import { type Observation, Observer } from "./observation.ts";
import { faceInFrame, Orientation, SearchTurns, type TurnedObservation } from "./orientation.ts";
import { type Picture, turned } from "./pixels.ts";
import type { Rules } from "./rules.ts";
import { heldInside, pointsOf, type Shape } from "./shape_motion.ts";
import { type Stage, Stopwatch } from "./stopwatch.ts";
import { Track } from "./track.ts";

/** The faces of one frame. */
export interface TrackedFrame {
  /** Seen in this frame, oldest first. */
  faces: { id: number; observation: Observation }[];
  /** Given up in this frame. */
  lost: number[];
  /** Milliseconds. */
  timing: Record<Stage | "total", number>;
}

interface Followed {
  track: Track;
  observation: Observation;
}

export class Tracker {
  private tracks: Track[] = [];
  private nextId = 1;
  private searched = -Infinity;
  private readonly turns = new SearchTurns();
  private readonly orientation: Orientation;
  private readonly settings: Rules["tracker"];

  constructor(private readonly network: LandmarkNetwork, private readonly finder: Finder, private readonly rules: Rules) {
    this.settings = rules.tracker;
    this.orientation = new Orientation(rules.orientation);
  }

  /**
   * Follow the known faces into this frame, and search it for others where that is due.
   *
   * @param seconds when it was captured, by any steady clock.
   */
  async track(picture: Picture, seconds: number): Promise<TrackedFrame> {
    const watch = new Stopwatch();
    const observer = new Observer(this.network, picture, watch, this.rules);
    await this.follow(observer, seconds);
    const lost = this.giveUp(seconds);
    let observations = await this.recover(observer, seconds);
    if (this.searchIsDue(seconds, observations.length)) {
      this.searched = seconds;
      observations = observations.concat(await this.search(observer, watch, observations));
    }
    this.takeUp(observations, seconds);
    return { faces: this.seen().map(({ id, observation }) => ({ id, observation })), lost, timing: watch.milliseconds() };
  }

  private seen(): Track[] {
    return this.tracks.filter((track) => track.seen);
  }

  /** Faces that may come back, those lost last first. */
  private unseen(seconds: number): Track[] {
    return this.tracks.filter((track) => !track.seen).sort((a, b) => a.unseenSeconds(seconds) - b.unseenSeconds(seconds));
  }

  private async follow(observer: Observer, seconds: number): Promise<void> {
    let followed: Followed[] = [];
    for (const track of this.seen()) {
      let observation = await this.observe(observer, track.aim(seconds));
      if (track.turnCheckIsDue(seconds)) observation = await this.checkTurn(observer, observation);
      track.lose();
      if (observation.score >= this.settings.end_score) followed.push({ track, observation });
    }
    followed = this.withoutTwins(followed, seconds);
    for (const { track, observation } of followed) {
      const alone = followed.every((other) => other.track === track || distance(other.observation.box, observation.box) > this.settings.crowded_distance);
      track.see(observation, seconds, alone && observation.score >= this.settings.begin_score);
    }
  }

  /** The face expected at a place; cropped once more where it is too far from there. */
  private async observe(observer: Observer, expected: Shape): Promise<Observation> {
    const observation = await observer.onLandmarks(pointsOf(expected));
    const off = offset(observation, expected);
    const missed = observation.score >= this.settings.end_score && off > this.settings.relook_distance;
    return missed ? observer.onLandmarks(observation.landmarks) : observation;
  }

  private checkTurn(observer: Observer, observation: Observation): Promise<Observation> {
    return this.orientation.bestTurn(observation, (turn) => observer.onLandmarks(observation.landmarks, turn));
  }

  /** Of tracks that follow one face, only the one that expected it there. */
  private withoutTwins(followed: Followed[], seconds: number): Followed[] {
    const same = (a: Followed, b: Followed) => this.isSame(a.observation.box, b.observation.box);
    if (!followed.some((first, index) => followed.slice(index + 1).some((second) => same(first, second)))) return followed;
    const off = new Map(followed.map((each) => [each, offset(each.observation, each.track.coast(seconds))]));
    const kept: Followed[] = [];
    for (const each of [...followed].sort((a, b) => off.get(a)! - off.get(b)!)) {
      if (!kept.some((other) => same(each, other))) kept.push(each);
    }
    return kept;
  }

  private isSame(a: Box, b: Box): boolean {
    return isSameFace(a, b, this.settings.same_face_iou, this.settings.same_face_distance);
  }

  private isOneOf(box: Box, others: Observation[]): boolean {
    return others.some((other) => this.isSame(box, other.box));
  }

  /** Drop the faces that were unseen for too long; their ids. */
  private giveUp(seconds: number): number[] {
    const unseen = this.unseen(seconds);
    const lost = unseen.filter((track, index) => track.unseenSeconds(seconds) > this.settings.keep_seconds || index >= this.settings.max_faces);
    this.tracks = this.tracks.filter((track) => !lost.includes(track));
    return lost.map(({ id }) => id).sort((a, b) => a - b);
  }

  /** Faces where unseen ones should be by now. */
  private async recover(observer: Observer, seconds: number): Promise<Observation[]> {
    const seen = this.seen().map(({ observation }) => observation);
    const found: Observation[] = [];
    for (const track of this.unseen(seconds).slice(0, Math.max(this.settings.max_faces - seen.length, 0))) {
      const expected = heldInside(track.coast(seconds), observer.picture);
      const first = await observer.onLandmarks(pointsOf(expected));
      found.push(...(await this.confirm(observer, first, [...seen, ...found])));
    }
    return found;
  }

  /** Whether to search this frame; `again` counts the unseen faces that were just found again. */
  private searchIsDue(seconds: number, again: number): boolean {
    const seen = this.seen().length + again;
    const pause = this.tracks.length > seen ? this.settings.recover_seconds : this.settings.search_seconds;
    const since = seconds - this.searched;
    const rested = !(since >= 0 && since < pause);
    return seen === 0 || (rested && seen < this.settings.max_faces);
  }

  /** New faces in this frame, best first; where none is followed yet, the frame is searched turned as well. */
  private async search(observer: Observer, watch: Stopwatch, known: Observation[]): Promise<Observation[]> {
    const candidates: TurnedObservation[] = [];
    for (const turns of this.turns.next()) {
      watch.begin();
      const found = await this.finder.find(turned(observer.picture, turns));
      watch.end("find");
      const placed = found.map((face) => faceInFrame(face, turns, observer.picture));
      const further = await this.confirmAll(observer, placed, known);
      candidates.push(...further.map((observation) => ({ observation, turns })));
      const sure = further.length > 0 && further.every((observation) => this.orientation.isSure(observation));
      if (known.length > 0 || this.tracks.length > 0 || sure) break;
    }
    const kept = this.orientation.withoutContradictions(candidates);
    if (kept.length > 0) this.turns.foundAt(kept[0]!.turns);
    return kept.slice(0, this.settings.max_faces).map(({ observation }) => observation);
  }

  /** Found faces that the network confirms and that are not followed yet. */
  private async confirmAll(observer: Observer, found: FoundFace[], observations: Observation[]): Promise<Observation[]> {
    const known = [...this.seen().map(({ observation }) => observation), ...observations];
    const news = found.filter(({ box }) => !this.isOneOf(box, known));
    const further: Observation[] = [];
    for (const candidate of news.slice(0, Math.max(this.settings.max_faces - known.length, 0))) {
      const first = await this.orientation.bestTurn(await observer.onBox(candidate), (turn) => observer.onBox(candidate, turn));
      for (const refined of await this.confirm(observer, first, [...known, ...further])) {
        const checked = await this.checkTurn(observer, refined);
        further.push(...(checked === refined ? [refined] : await this.confirm(observer, checked, [...known, ...further])));
      }
    }
    return further;
  }

  /** A first, coarse observation, refined; none where there is no face, or one that is known. */
  private async confirm(observer: Observer, first: Observation, known: Observation[]): Promise<Observation[]> {
    let observation = first;
    for (let pass = 0; pass < this.settings.refinements; pass++) {
      if (observation.score < this.settings.end_score || this.isOneOf(observation.box, known)) return [];
      observation = await observer.onLandmarks(observation.landmarks);
    }
    return observation.score >= this.settings.begin_score && !this.isOneOf(observation.box, known) ? [observation] : [];
  }

  /** Give each observation to the unseen face that it fits best, or to a new track. */
  private takeUp(observations: Observation[], seconds: number): void {
    const returned = this.returns(observations, seconds);
    observations.forEach((observation, number) => {
      const track = returned.get(number);
      if (track) track.comeBack(observation, seconds);
      else this.tracks.push(new Track(this.nextId++, observation, seconds, this.rules));
    });
  }

  /** The unseen face that each observation is, by the observation's number: where it should be by now, or was last seen. */
  private returns(observations: Observation[], seconds: number): Map<number, Track> {
    const { return_distance, return_speed, return_size_ratio, turn_cost } = this.settings;
    const unseen = this.unseen(seconds);
    const costs = unseen.map((track) => {
      const reach = return_distance + return_speed * track.unseenSeconds(seconds);
      const coasted = boxAround(pointsOf(track.coast(seconds)));
      return observations.map(({ box }) =>
        Math.min(returnCost(coasted, box, reach, return_size_ratio), returnCost(track.observation.box, box, reach, return_size_ratio) + turn_cost),
      );
    });
    return new Map(matchCheapest(costs).map(([row, number]) => [number, unseen[row]!]));
  }
}

/** How far a face is from where it is expected, in sizes. */
function offset({ shape, size }: Observation, expected: Shape): number {
  return Math.hypot(shape.x - expected.x, shape.y - expected.y) / size;
}
