/** Milliseconds a stage, gathered over one frame. */

export const STAGES = ["find", "crop", "infer", "decode"] as const;

export type Stage = (typeof STAGES)[number];

export class Stopwatch {
  private readonly begun = performance.now();
  private lap = this.begun;
  private readonly spent: Record<Stage, number> = { find: 0, crop: 0, infer: 0, decode: 0 };

  /** A stage begins now. */
  begin(): void {
    this.lap = performance.now();
  }

  /** This stage ends now, and the next one begins. */
  end(stage: Stage): void {
    const now = performance.now();
    this.spent[stage] += now - this.lap;
    this.lap = now;
  }

  /** Each stage, and `total` since the start. */
  milliseconds(): Record<Stage | "total", number> {
    return { ...this.spent, total: performance.now() - this.begun };
  }
}
