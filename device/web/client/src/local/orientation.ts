/** Faces at every roll, from a finder and a network that know upright faces only (device/tracking/orientation.py). */

import type { FoundFace } from "./finder.ts";
import { type Box, iou, type Size } from "./geometry.ts";
import { meanScore, type Observation } from "./observation.ts";
import type { Rules } from "./rules.ts";

const QUARTER_TURN = Math.PI / 2;

/** What was found, and in the frame after how many quarter turns. */
export interface TurnedObservation {
  observation: Observation;
  turns: number;
}

/** How well the landmarks fit what is there. */
export function quality(observation: Observation): number {
  return observation.score * meanScore(observation);
}

export class Orientation {
  constructor(private readonly rules: Rules["orientation"]) {}

  /** Whether the landmarks fit so well that no other roll needs to be tried. */
  isSure(observation: Observation): boolean {
    return meanScore(observation) >= this.rules.sure_score;
  }

  /** The best of four observations a quarter turn apart; the first alone where that one is sure. */
  async bestTurn(first: Observation, runTurned: (turn: number) => Promise<Observation>): Promise<Observation> {
    let best = first;
    if (this.isSure(first)) return best;
    for (const turns of [1, 2, 3]) {
      const other = await runTurned(turns * QUARTER_TURN);
      if (quality(other) > quality(best)) best = other;
    }
    return best;
  }

  /** Candidates, best first, without those that overlap a better one of another turn. */
  withoutContradictions(candidates: TurnedObservation[]): TurnedObservation[] {
    const kept: TurnedObservation[] = [];
    for (const each of [...candidates].sort((a, b) => quality(b.observation) - quality(a.observation))) {
      const rivals = kept.filter(({ turns }) => turns !== each.turns);
      if (rivals.every(({ observation }) => iou(each.observation.box, observation.box) <= this.rules.contradicting_iou)) kept.push(each);
    }
    return kept;
  }
}

/** A face found in the turned picture, in pixels of the frame. */
export function faceInFrame({ box, score, angle }: FoundFace, turns: number, frame: Size): FoundFace {
  let placed = box;
  for (let turn = turns; turn > 0; turn--) {
    // One turn takes the pixel (x, y) to (last row - y, x); this undoes the last one.
    const lastRow = (turn % 2 === 1 ? frame.height : frame.width) - 1;
    placed = [placed[1], lastRow - placed[2], placed[3], lastRow - placed[0]] satisfies Box;
  }
  return { box: placed, score, angle: angle - turns * QUARTER_TURN };
}

/** Which turns of the frame a search tries: the one that last had a face first, the others in rotation. */
export class SearchTurns {
  private usual = 0;
  private rotation = 0;
  private first = true;

  /** The turns to try, in order, until faces are found: all of them in the first search. */
  *next(): Generator<number> {
    const others = [2, 1, 3].map((turns) => (this.usual + turns) % 4);
    yield this.usual;
    if (this.first) {
      this.first = false;
      yield* others;
    } else {
      this.rotation = (this.rotation + 1) % others.length;
      yield others[this.rotation]!;
    }
  }

  /** Faces were found at this turn. */
  foundAt(turns: number): void {
    this.usual = turns;
  }
}
