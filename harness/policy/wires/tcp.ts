/** A link that reads nothing: an attempt is a connection, made for one call and closed after it. */
import type { FaultInput } from '../../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../../model/history.ts';
import { type Ms, toMs } from '../../model/time.ts';
import { type Condition, TCP_SHAPES, type Ways } from '../bench.ts';
import { FOR_EVER_MS, type Injection, type Sighting, type Wire } from './wire.ts';

const held: FaultInput = { type: 'latency', attributes: { latency: FOR_EVER_MS }, stream: 'downstream' };

const FAULTS: Readonly<Partial<Record<Condition, readonly FaultInput[]>>> = {
  refused: [{ type: 'down' }],
  'accept-then-fin': [{ type: 'accept_then_fin' }],
  rst: [{ type: 'reset_peer', stream: 'downstream' }],
  'black-hole': [{ type: 'black_hole' }],
  // Not held back as an answer is: behind what is held a target could not be seen to leave.
  'slow-headers': [{ type: 'timeout', attributes: { timeout: 0 }, stream: 'upstream' }],
  'truncated-stream': [{ type: 'limit_data', attributes: { bytes: 1 }, stream: 'downstream' }],
  narrow: [{ type: 'bandwidth', attributes: { rate: 1 }, stream: 'downstream' }],
  held: [held],
};

const WAYS: Ways = {
  shapes: TCP_SHAPES,
  counted: ['rst', 'accept-then-fin', 'truncated-stream'],
  parting: 'rst',
  hint: 'and on a link that reads tcp a call shows only by a connection that is made for it and closed after it',
};

export class TcpWire implements Wire {
  readonly ways = WAYS;
  readonly #opened = new Map<number, Ms>();

  /** Its caller may have its answer before the connection is closed. */
  get isPending(): boolean {
    return this.#opened.size > 0;
  }

  injection(condition: Condition): Injection | string {
    const faults = FAULTS[condition];
    return faults === undefined ? 'a link that reads no answers cannot tell where one begins' : { faults };
  }

  see(event: Unnumbered<HistoryEvent>, isSpoilt: (faults: readonly string[]) => boolean): Sighting[] {
    if (event.kind !== 'connection') return [];
    const { what, connection, t, endedBy, bytesDown, faults } = event;
    if (what === 'opened') this.#opened.set(connection, toMs(t));
    const startMs = this.#opened.get(connection);
    if (what !== 'closed' || startMs === undefined) return [];
    this.#opened.delete(connection);
    return [
      {
        startMs,
        endMs: toMs(t),
        firstByteMs: null,
        status: null,
        ok: bytesDown > 0 && endedBy !== 'link' && !isSpoilt(faults),
        endedBy: endedBy ?? 'link',
        call: null,
        trace: null,
        asks: null,
      },
    ];
  }
}
