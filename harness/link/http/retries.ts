/**
 * Recognises retries on a link: the same request again. Where a request names what it belongs to (a
 * trace id or x-request-id), the same method, path and body under the same id is a retry. Where it does
 * not, the same request after one that failed is taken for one. Which of the two it was is told.
 */

/** By what an attempt was recognised. */
export type AttemptBy = 'trace' | 'request-id' | 'body';

/** Requests remembered per link; the oldest are forgotten first. */
const REMEMBERED_MAX = 4_096;

/** Later than this after a failure the same request is a new one: no client backs off for longer. */
const RETRY_WITHIN_NS = 60e9;

interface Known {
  attempts: number;
  /** When an attempt last failed; null: the last one has not failed (yet). */
  failedT: number | null;
}

/** One request among its like. */
export class Attempt {
  /** 1: the first. */
  readonly attempt: number;
  readonly by: AttemptBy;
  readonly #known: Known;

  constructor(known: Known, by: AttemptBy) {
    this.attempt = known.attempts;
    this.by = by;
    this.#known = known;
  }

  ended(failed: boolean, t: number): void {
    this.#known.failedT = failed ? t : null;
  }
}

export class RetryLedger {
  readonly #known = new Map<string, Known>();

  /** A request is complete. `request` is method, path, body hash and length. */
  begin(request: string, trace: string | null, requestId: string | null, t: number): Attempt {
    const by: AttemptBy = trace !== null ? 'trace' : requestId !== null ? 'request-id' : 'body';
    const key = `${trace ?? requestId ?? ''} ${request}`;
    const known = this.#known.get(key);
    const isRetry =
      known !== undefined &&
      (by !== 'body' || (known.failedT !== null && t - known.failedT < RETRY_WITHIN_NS));
    const present: Known = { attempts: isRetry ? known.attempts + 1 : 1, failedT: null };
    this.#known.delete(key);
    this.#known.set(key, present);
    if (this.#known.size > REMEMBERED_MAX) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return new Attempt(present, by);
  }
}
