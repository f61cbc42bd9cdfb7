/** k6 tells wall-clock times; the history knows only the run's monotonic clock. One is measured against the other. */
import { type Clock, type Ms, type Nanoseconds, toMs, toNs } from '../../model/time.ts';

/** RFC 3339 as k6 writes it: any number of fractional digits, or none. */
const TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** The wall clock as it stood against the run's clock at one moment. */
export class WallClock {
  readonly #wallMs: Ms;
  readonly #t: Nanoseconds;

  /** It was `wallMs` since 1970 at the run's moment `t`. */
  constructor(wallMs: Ms, t: Nanoseconds) {
    this.#wallMs = wallMs;
    this.#t = t;
  }

  /** Waits, for a millisecond at most, until the wall clock ticks: then its fraction is known to be 0. */
  static measure(now: Clock): WallClock {
    const before = Date.now();
    let wallMs = before;
    while (wallMs === before) wallMs = Date.now();
    return new WallClock(wallMs, now());
  }

  /** A moment told as ms since 1970. */
  fromMs(wallMs: Ms): Nanoseconds {
    return this.#t + toNs(wallMs - this.#wallMs);
  }

  /** A moment told as k6 tells it; undefined: that is no time. */
  fromText(text: string): Nanoseconds | undefined {
    const [, seconds, fraction = '', zone] = TIME.exec(text) ?? [];
    const wallMs = Date.parse(`${seconds}${zone}`);
    if (Number.isNaN(wallMs)) return undefined;
    // In two parts: ns since 1970 do not fit a double.
    return this.fromMs(wallMs) + Number(fraction.padEnd(9, '0'));
  }

  /** How far the wall clock has been set forward (back: below 0) since the other measurement. */
  driftMs(since: WallClock): Ms {
    return this.#wallMs - since.#wallMs - toMs(this.#t - since.#t);
  }
}
