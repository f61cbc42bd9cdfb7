/**
 * The trip rule: open when at least `failures` of the last `windowCalls` calls failed. With a window
 * of twice the failures it trips at exactly the nth failure in a row of a healthy link, and also when
 * half of the calls fail, which a consecutive count never sees; a rare error ages out.
 */
import { CircuitState, type IBreaker } from 'cockatiel';

export class WindowedFailures implements IBreaker {
  readonly #failures: number;
  /** Ring of the last calls, 1 for a failure. */
  readonly #ring: Uint8Array;
  #next = 0;
  #failed = 0;

  constructor(failures: number, windowCalls: number) {
    if (failures < 1 || windowCalls < failures) {
      throw new RangeError(
        `trip rule: needs 1 <= failures <= windowCalls, got ${failures} of ${windowCalls}`,
      );
    }
    this.#failures = failures;
    this.#ring = new Uint8Array(windowCalls);
  }

  /** Breaker state is not carried over a restart: a fresh process looks for itself. */
  get state(): unknown {
    return null;
  }
  set state(_: unknown) {}

  success(state: CircuitState): void {
    // Reported in half-open only when all probes succeeded: the breaker closes with a clean slate.
    if (state === CircuitState.HalfOpen) this.#clear();
    else this.#push(0);
  }

  failure(state: CircuitState): boolean {
    // Reported in half-open when a probe failed; the policy reopens whatever is returned.
    if (state === CircuitState.HalfOpen) return true;
    this.#push(1);
    return this.#failed >= this.#failures;
  }

  #push(failed: 0 | 1): void {
    this.#failed += failed - (this.#ring[this.#next] ?? 0);
    this.#ring[this.#next] = failed;
    this.#next = (this.#next + 1) % this.#ring.length;
  }

  #clear(): void {
    this.#ring.fill(0);
    this.#next = 0;
    this.#failed = 0;
  }
}
