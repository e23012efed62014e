/** The offset between the device's clock and this page's. */

/** Number of round trips that the shortest is chosen from. */
const KEPT = 16;

/** Assumed transit time of the fastest message where there are no pings, milliseconds. */
const FASTEST_MS = 1;

/** Window over which one-way messages are compared, milliseconds; clocks drift apart over longer times. */
const WINDOW_MS = 20_000;

interface Sample {
  at: number;
  offset: number;
  /** Milliseconds by which the offset may be wrong at most. */
  doubt: number;
}

/**
 * The offset that turns `performance.now()` into the device's monotonic milliseconds.
 *
 * Each ping gives an offset that is wrong by half its round trip at most (Cristian 1989), so the shortest
 * of the last ones counts. Where the transport has no echo (MQTT, recordings), a message cannot arrive before
 * it was published: the largest `published - received` is true to within that message's delay.
 */
export class DeviceClock {
  private pings: Sample[] = [];
  private oneWay: Sample[] = [];

  /** Forget everything; for another device, or the same one after a restart. */
  reset(): void {
    this.pings = [];
    this.oneWay = [];
  }

  /** Add the answer to a ping; all in milliseconds, `device` by the device's clock. */
  addPing(sent: number, received: number, device: number): void {
    const trip = received - sent;
    if (trip < 0) return;
    this.pings.push({ at: received, offset: device - (sent + received) / 2, doubt: trip / 2 });
    if (this.pings.length > KEPT) this.pings.shift();
  }

  /** Take in when a message was published, by the device's clock, and when it came, by ours. */
  addMessage(published: number, received: number): void {
    if (this.pings.length > 0) return;
    const offset = published - received + FASTEST_MS;
    // Only what may still become the largest within the window is worth keeping.
    this.oneWay = this.oneWay.filter((each) => each.at > received - WINDOW_MS && each.offset > offset);
    this.oneWay.push({ at: received, offset, doubt: NaN });
  }

  private best(): Sample | undefined {
    if (this.pings.length > 0) return this.pings.reduce((a, b) => (b.doubt < a.doubt ? b : a));
    return this.oneWay[0];
  }

  /** Whether the offset is known at all. */
  get known(): boolean {
    return this.best() !== undefined;
  }

  /** Milliseconds by which `toDevice` may be wrong at most; NaN while unknown. */
  get doubt(): number {
    return this.best()?.doubt ?? NaN;
  }

  /** This page's milliseconds as the device's. NaN while nothing is known. */
  toDevice(local: number): number {
    return local + (this.best()?.offset ?? NaN);
  }

  /** The device's milliseconds as this page's. NaN while nothing is known. */
  toLocal(device: number): number {
    return device - (this.best()?.offset ?? NaN);
  }
}
