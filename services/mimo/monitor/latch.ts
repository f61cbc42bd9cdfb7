/**
 * When a number is too high. A value must stay above a threshold for a sustained time to raise the
 * level, and clearly below it for the same time to lower it, so that neither a spike nor a value that
 * swings around the threshold makes noise. Pure: time is given.
 */

export type Level = 'ok' | 'warn' | 'critical';
/** As the metric mimo_resource_level shows it. */
export const LEVEL_NUMBERS: Readonly<Record<Level, number>> = { ok: 0, warn: 1, critical: 2 };

export interface LatchOptions {
  /** Raised above this, strictly. */
  readonly threshold: number;
  /** Share of the threshold that a value must be below it to count as lower again, from 0 to 1. */
  readonly hysteresis: number;
  /** How long it must stay there, in ms. */
  readonly sustainedMs: number;
}

/** One threshold with a memory. */
export class Latch {
  readonly #options: LatchOptions;
  #isRaised = false;
  /** Since when values have spoken against the present state; null: the last one did not. */
  #contraryFromMs: number | null = null;

  constructor(options: LatchOptions) {
    this.#options = options;
  }

  /** Takes the next value; answers whether the threshold counts as exceeded now. `nowMs` never goes back. */
  take(value: number, nowMs: number): boolean {
    const { threshold, hysteresis, sustainedMs } = this.#options;
    const isContrary = this.#isRaised ? value < threshold * (1 - hysteresis) : value > threshold;
    if (!isContrary) {
      this.#contraryFromMs = null;
      return this.#isRaised;
    }
    this.#contraryFromMs ??= nowMs;
    if (nowMs - this.#contraryFromMs >= sustainedMs) {
      this.#isRaised = !this.#isRaised;
      this.#contraryFromMs = null;
    }
    return this.#isRaised;
  }
}
