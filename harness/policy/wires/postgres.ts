/**
 * A link that reads PostgreSQL: an attempt is a unit of work, a transaction or a statement outside of one, or a
 * session that did not come about. It is over with its last statement, or with the first that fails.
 */
import type { FaultInput } from '../../model/fault.ts';
import type { EndedBy, HistoryEvent, Unnumbered } from '../../model/history.ts';
import { type Ms, toMs } from '../../model/time.ts';
import { type Condition, POSTGRES_SHAPES, type Ways } from '../bench.ts';
import type { Asks, Injection, Sighting, Wire } from './wire.ts';

type StatementSeen = Extract<Unnumbered<HistoryEvent>, { kind: 'statement' }>;
type ConnectionSeen = Extract<Unnumbered<HistoryEvent>, { kind: 'connection' }>;

/** A unit that begins so soon after its session was made for it: later the session lay idle. */
const FRESH_MS = 20;

const BEGINS: ReadonlySet<string> = new Set(['BEGIN', 'START']);
const ENDS: ReadonlySet<string> = new Set(['COMMIT', 'END', 'ROLLBACK', 'ABORT']);
/** They set the scene, and are the same in front of whatever comes. */
const PRELUDES: ReadonlySet<string> = new Set(['SET', 'SAVEPOINT', 'SHOW', 'DISCARD', 'RESET']);

const WAYS: Ways = {
  shapes: POSTGRES_SHAPES,
  counted: ['error-53100', 'killed-57P01', 'rst', 'accept-then-fin'],
  parting: 'accept-then-fin',
  hint: 'and statements show only where the target speaks in the clear to the link (sslmode=disable)',
};

interface Unit {
  startMs: Ms;
  sentMs: Ms;
  asks: string | null;
  trace: string | null;
}

interface Session {
  openedMs: Ms;
  /** When its start-up was over; null: it is not (yet). */
  readyMs: Ms | null;
  isFresh: boolean;
  /** What became of it has been told. */
  isTold: boolean;
  /** The dependency refused the dial. */
  isRefused: boolean;
  unit: Unit | null;
}

export class PostgresWire implements Wire {
  readonly ways = WAYS;
  readonly isPending = false;
  readonly #sessions = new Map<number, Session>();
  readonly #known = new Map<string, Asks>();

  injection(condition: Condition, about?: Asks): Injection | string {
    const match = about === undefined ? {} : { match: { command: about.command } };
    const statement = (type: string, attributes: Record<string, unknown> = {}): Injection => ({
      faults: [{ type, attributes, ...match }],
    });
    const [kind, sqlstate = ''] = condition.split('-');
    switch (condition) {
      case 'refused':
        return { faults: [{ type: 'down' }] };
      case 'accept-then-fin':
        return { faults: [{ type: 'accept_then_fin' }] };
      case 'rst':
        return { faults: [{ type: 'reset_peer', stream: 'downstream' }] };
      case 'black-hole':
        return { faults: [{ type: 'black_hole' }] };
      case 'slow-startup':
        return { faults: [silent], parts: true };
      case 'refused-53300':
        return { faults: [{ type: 'postgres_refuse', attributes: { sqlstate } }], parts: true };
      case 'slow-headers':
      case 'held':
        return statement('postgres_hold');
      case 'killed-57P01':
        return statement('postgres_kill', { sqlstate });
      case 'cut-before-commit':
      case 'cut-after-commit': {
        const attributes = { when: sqlstate };
        // A statement outside of a transaction commits by itself.
        if (about?.isTransaction === false) return statement('postgres_cut', attributes);
        return { faults: [{ type: 'postgres_cut', attributes }] };
      }
      case 'stalled-stream':
      case 'drip':
        return 'an answer of PostgreSQL that begins and does not end cannot be had on this link';
      default:
        return kind === 'error'
          ? statement('postgres_error', { sqlstate })
          : `PostgreSQL knows no ${condition}`;
    }
  }

  describe(asks: string): Asks {
    return this.#known.get(asks) ?? { asks, command: 'UNKNOWN', isTransaction: false };
  }

  see(event: Unnumbered<HistoryEvent>, isSpoilt: (faults: readonly string[]) => boolean): Sighting[] {
    if (event.kind === 'connection') return this.#connection(event);
    if (event.kind !== 'statement') return [];
    const session =
      this.#sessions.get(event.connection) ?? this.#open(event.connection, toMs(event.t), false);
    return event.command === 'STARTUP'
      ? this.#startup(event, session)
      : this.#statement(event, session, isSpoilt(event.faults));
  }

  #connection({ what, connection, t, endedBy }: ConnectionSeen): Sighting[] {
    if (what === 'opened') {
      this.#open(connection, toMs(t), true);
      return [];
    }
    const session = this.#sessions.get(connection);
    if (session === undefined) return [];
    if (what === 'refused') {
      session.isRefused = true;
      return [];
    }
    this.#sessions.delete(connection);
    if (session.unit !== null) return [over(session.unit, toMs(t), false, endedBy ?? 'link')];
    // The server closes a request to cancel, too: that is no attempt.
    const isTurnedAway = !session.isTold && (endedBy === 'link' || session.isRefused);
    return isTurnedAway ? [failedStart(session.openedMs, toMs(t), endedBy ?? 'link')] : [];
  }

  /** @param isNew false: it was open before anybody looked */
  #open(connection: number, openedMs: Ms, isNew: boolean): Session {
    const session: Session = {
      openedMs,
      readyMs: null,
      isFresh: isNew,
      isTold: !isNew,
      isRefused: false,
      unit: null,
    };
    this.#sessions.set(connection, session);
    return session;
  }

  #startup({ outcome, endT, endedBy }: StatementSeen, session: Session): Sighting[] {
    session.isTold = true;
    if (outcome !== 'completed') return [failedStart(session.openedMs, toMs(endT), endedBy)];
    session.readyMs = toMs(endT);
    return [];
  }

  #statement(event: StatementSeen, session: Session, isSpoilt: boolean): Sighting[] {
    const { command, textHash, trace, outcome, endedBy } = event;
    const begins = BEGINS.has(command);
    const isInUnit = session.unit !== null && !begins;
    // What follows a failure in its transaction belongs to the attempt that is over.
    if (!isInUnit && event.inTransaction) return [];
    const unit = isInUnit ? (session.unit as Unit) : this.#begin(event, session);
    unit.trace ??= trace;
    if (!begins && !ENDS.has(command) && !PRELUDES.has(command) && unit.asks === null) {
      unit.asks = textHash ?? command;
      this.#known.set(unit.asks, { asks: unit.asks, command, isTransaction: isInUnit });
    }
    const isWell = outcome === 'completed' && !isSpoilt;
    const isLast = !isWell || (isInUnit ? ENDS.has(command) : !begins);
    session.unit = isLast ? null : unit;
    if (isLast && isWell && unit.asks === null) {
      // It has set the scene, or done nothing.
      session.isFresh = unit.sentMs > unit.startMs;
      session.readyMs = toMs(event.endT);
      return [];
    }
    return isLast ? [over(unit, toMs(event.endT), isWell, endedBy)] : [];
  }

  #begin({ t }: StatementSeen, session: Session): Unit {
    const sentMs = toMs(t);
    const { readyMs, openedMs } = session;
    const isFirst = session.isFresh && readyMs !== null && sentMs - readyMs <= FRESH_MS;
    session.isFresh = false;
    return { startMs: isFirst ? openedMs : sentMs, sentMs, asks: null, trace: null };
  }
}

/** Nothing of what the server says arrives; who is cut off so is closed at the heal. */
const silent: FaultInput = { type: 'timeout', attributes: { timeout: 0 }, stream: 'downstream' };

function over(unit: Unit, endMs: Ms, ok: boolean, endedBy: EndedBy): Sighting {
  const { startMs, sentMs, asks, trace } = unit;
  const sent = sentMs > startMs ? { sentMs } : {};
  return { startMs, ...sent, endMs, firstByteMs: null, status: null, ok, endedBy, call: null, trace, asks };
}

function failedStart(startMs: Ms, endMs: Ms, endedBy: EndedBy): Sighting {
  return {
    startMs,
    endMs,
    firstByteMs: null,
    status: null,
    ok: false,
    endedBy,
    call: null,
    trace: null,
    asks: null,
  };
}
