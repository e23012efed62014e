/** How much is drawn: less where the display would otherwise stutter. */

/** Milliseconds between two drawings above which one counts as late. */
const LATE_MS = 80;

/** Longer pauses are those of a page that nobody looked at. */
const PAUSE_MS = 5_000;

/** So many more late drawings than timely ones lower the quality. */
const PATIENCE = 5;

/** 0: everything; 1: no shadows; 2: half the resolution as well. It never rises again: it would only fall once more. */
export class Quality {
  level: 0 | 1 | 2 = 0;
  private late = 0;
  private last = NaN;

  /** Note a drawing at an instant of the page's clock; whether the level has changed. */
  note(now: number): boolean {
    const since = now - this.last;
    this.last = now;
    if (!(since < PAUSE_MS) || this.level === 2) return false;
    this.late = since > LATE_MS ? this.late + 1 : Math.max(this.late - 1, 0);
    if (this.late < PATIENCE) return false;
    this.late = 0;
    this.level = this.level === 0 ? 1 : 2;
    return true;
  }
}
