/** A link that reads HTTP: an attempt is an exchange, or a connection that was turned away. */
import type { FaultInput } from '../../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../../model/history.ts';
import { type Ms, toMs } from '../../model/time.ts';
import { type Condition, HTTP_WAYS, RETRY_AFTER_S } from '../bench.ts';
import { FOR_EVER_MS, type Injection, type Sighting, type Wire } from './wire.ts';

const held: FaultInput = { type: 'latency', attributes: { latency: FOR_EVER_MS }, stream: 'downstream' };
const status = (code: number, attributes: object = {}): FaultInput => ({
  type: 'http_status',
  attributes: { status: code, ...attributes },
});

const FAULTS: Readonly<Partial<Record<Condition, readonly FaultInput[]>>> = {
  refused: [{ type: 'down' }],
  'accept-then-fin': [{ type: 'accept_then_fin' }],
  rst: [{ type: 'reset_peer', stream: 'downstream' }],
  'black-hole': [{ type: 'black_hole' }],
  'slow-headers': [held],
  'status-500': [status(500)],
  'status-503': [status(503)],
  'status-503-retry-after': [status(503, { retry_after: RETRY_AFTER_S })],
  'status-429': [status(429)],
  'status-429-retry-after': [status(429, { retry_after: RETRY_AFTER_S })],
  'status-400': [status(400)],
  'malformed-200': [{ type: 'http_malformed_json' }],
  'truncated-stream': [{ type: 'http_body_cut', attributes: { bytes: 8 } }],
  'stalled-stream': [{ type: 'http_hang_after_headers' }],
  held: [held],
  drip: [
    { type: 'http_huge_body', attributes: { bytes: 64 * 1024 * 1024 } },
    { type: 'bandwidth', attributes: { rate: 4 }, stream: 'downstream' },
  ],
};

/** Whether some exchanges can meet it and others not: faults on bytes and listeners hit all that a connection carries. */
export function canHitSome(condition: Condition): boolean {
  return FAULTS[condition]?.every(({ type }) => type.startsWith('http_')) === true;
}

/** A client that has something to say says it at once. */
const TURNED_AWAY_MS = 50;

export class HttpWire implements Wire {
  readonly ways = HTTP_WAYS;
  readonly isPending = false;
  readonly #opened = new Map<number, Ms>();
  readonly #carried = new Set<number>();

  injection(condition: Condition): Injection | string {
    const faults = FAULTS[condition];
    return faults === undefined ? `HTTP knows no ${condition}` : { faults };
  }

  see(event: Unnumbered<HistoryEvent>, isSpoilt: (faults: readonly string[]) => boolean): Sighting[] {
    if (event.kind === 'connection') return this.#connection(event);
    if (event.kind !== 'exchange') return [];
    const { t, endT, firstByteT, status: code, outcome, endedBy, method, path, bodyHash, faults } = event;
    this.#carried.add(event.connection);
    const isWell = outcome === 'answered' && code !== null && code < 400;
    const call = `${method} ${path} ${bodyHash}`;
    return [
      {
        startMs: toMs(t),
        endMs: toMs(endT),
        firstByteMs: firstByteT === null ? null : toMs(firstByteT),
        status: code,
        ok: isWell && !isSpoilt(faults),
        endedBy,
        call,
        trace: event.trace,
        asks: call,
      },
    ];
  }

  /** Connections that were turned away before they carried anything: attempts all the same. */
  #connection({
    what,
    connection,
    t,
    endedBy,
  }: Extract<Unnumbered<HistoryEvent>, { kind: 'connection' }>): Sighting[] {
    if (what === 'opened') {
      this.#opened.set(connection, toMs(t));
      return [];
    }
    const startMs = this.#opened.get(connection);
    this.#opened.delete(connection);
    if (this.#carried.delete(connection) || startMs === undefined || what !== 'closed') return [];
    if (endedBy === 'target' || toMs(t) - startMs > TURNED_AWAY_MS) return [];
    return [
      {
        startMs,
        endMs: toMs(t),
        firstByteMs: null,
        status: null,
        ok: false,
        endedBy: endedBy ?? 'link',
        call: `connection ${connection}`,
        trace: null,
        asks: null,
      },
    ];
  }
}
