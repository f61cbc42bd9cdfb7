/** One HTTP request and its answer while they are under way, and the event that becomes of them. */
import { createHash, type Hash } from 'node:crypto';
import type { EndedBy, ExchangeEvent, Unnumbered } from '../../model/history.ts';
import type { Ms, Nanoseconds } from '../../model/time.ts';
import type { HttpAct } from './fault.ts';
import type { Head } from './head.ts';
import type { Attempt, RetryLedger } from './retries.ts';
import { EventSplitter, eventFormat, isToken } from './stream.ts';

/** Enough to tell bodies of one run apart. */
const HASH_DIGITS = 16;

/** So much of a body is hashed; of a longer one the length has to tell the rest, or hashing would be the bottleneck. */
const HASHED_BYTES_MAX = 1024 * 1024;

/** HTTP statuses after which a client tries again (RFC 9110 §15.6, RFC 6585 §4). */
const isTrouble = (status: number | null): boolean => status === null || status >= 500 || status === 429;

export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly head: Head;
  readonly t: Nanoseconds;
  readonly closesAfter: boolean;
  readonly #trace: string | null;
  #hash: Hash | null = null;
  #attempt: Attempt | null = null;
  #tokens: EventSplitter | null = null;
  #tokenCount = 0;
  /** Ids of the faults that acted on it; null: none has. */
  #faults: Set<string> | null = null;
  bytesUp = 0;
  bytesDown = 0;
  requestEnded = false;
  status: number | null = null;
  #retryAfterMs: Ms | null = null;
  firstByteT: Nanoseconds | null = null;
  /** What a fault does to it; null: nothing. */
  act: Exclude<HttpAct, { do: 'pass' }> | null = null;
  /** True once {@link act} has been carried out. */
  acted = false;
  /** The request, while it waits for its body to be complete; null: it does not wait. */
  held: { raw: Buffer[]; content: Buffer[]; bytes: number } | null = null;

  constructor(head: Head, t: Nanoseconds, faults: readonly string[]) {
    const { start } = head;
    const methodEnd = start.indexOf(' ');
    this.method = start.slice(0, methodEnd);
    this.path = start.slice(methodEnd + 1, start.indexOf(' ', methodEnd + 1));
    this.head = head;
    this.t = t;
    for (const faultId of faults) this.touch(faultId);
    this.closesAfter = head.get('connection')?.toLowerCase() === 'close' || start.endsWith('HTTP/1.0');
    this.#trace = traceId(head.get('traceparent'));
  }

  /** A fault acts on it. */
  touch(faultId: string): void {
    this.#faults ??= new Set();
    this.#faults.add(faultId);
  }

  /** A fault keeps the request from the dependency. */
  get isSwallowed(): boolean {
    return this.act !== null && this.act.do !== 'filter';
  }

  /** Its answer is a stream of events, of which an unfinished one is kept. */
  get isStream(): boolean {
    return this.#tokens !== null;
  }

  requestContent(bytes: Buffer): void {
    this.held?.content.push(bytes);
    const leftBytes = HASHED_BYTES_MAX - this.#bodyBytes;
    this.#bodyBytes += bytes.length;
    if (leftBytes <= 0) return;
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes.length <= leftBytes ? bytes : bytes.subarray(0, leftBytes));
  }

  #bodyHash: string | null = null;
  #bodyBytes = 0;

  /** The request is complete: whose attempt it is can be told. */
  endRequest(ledger: RetryLedger, t: Nanoseconds): void {
    this.requestEnded = true;
    this.#bodyHash = this.#hash?.digest('hex').slice(0, HASH_DIGITS) ?? null;
    const request = `${this.method} ${this.path} ${this.#bodyHash} ${this.#bodyBytes}`;
    const requestId = this.head.get('x-request-id') ?? null;
    this.#attempt = ledger.begin(request, this.#trace, requestId, t);
  }

  /** The head of the answer, as the target gets it. */
  answerHead(status: number, head: Head): void {
    this.status = status;
    this.#retryAfterMs = retryAfterMs(head.get('retry-after'));
    const format = head.get('content-encoding') === undefined ? eventFormat(head.get('content-type')) : null;
    if (format !== null) {
      this.#tokens = new EventSplitter(format, (event) => {
        if (isToken(event)) this.#tokenCount++;
      });
    }
  }

  answerContent(chunk: Buffer, from: number, to: number): void {
    this.#tokens?.push(chunk.subarray(from, to));
  }

  /** It is over; the event says how. */
  over(
    outcome: 'answered' | 'broken',
    endedBy: EndedBy,
    endT: Nanoseconds,
    on: { link: string; connection: number },
  ): Unnumbered<ExchangeEvent> {
    this.#attempt?.ended(outcome === 'broken' || isTrouble(this.status), endT);
    return {
      kind: 'exchange',
      t: this.t,
      endT,
      link: on.link,
      connection: on.connection,
      method: this.method,
      path: this.path,
      status: this.status,
      outcome,
      endedBy,
      firstByteT: this.firstByteT,
      bytesUp: this.bytesUp,
      bytesDown: this.bytesDown,
      tokens: this.#tokens === null ? null : this.#tokenCount,
      bodyHash: this.#bodyHash ?? this.#hash?.digest('hex').slice(0, HASH_DIGITS) ?? null,
      trace: this.#trace,
      ...(this.#retryAfterMs === null ? {} : { retryAfterMs: this.#retryAfterMs }),
      attempt: this.#attempt?.attempt ?? 1,
      attemptBy: this.#attempt?.by ?? null,
      faults: this.#faults === null ? [] : [...this.#faults],
    };
  }
}

/** The trace id of a W3C traceparent header (version-traceid-parentid-flags). */
function traceId(traceparent: string | undefined): string | null {
  if (traceparent === undefined) return null;
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] ?? null;
}

/** A Retry-After in seconds or as a date (RFC 9110 §10.2.3), in ms from now; null: none that can be understood. */
function retryAfterMs(value: string | undefined): Ms | null {
  if (value === undefined) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const untilMs = Date.parse(value);
  return Number.isNaN(untilMs) ? null : Math.max(0, untilMs - Date.now());
}
