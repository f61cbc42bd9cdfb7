/** What a rehearsal looks like now: a row per link, worked out from the last seconds of events. Pure. */
import type { HistoryEvent, HistoryHeader, Unnumbered } from '../model/history.ts';
import type { BreakerState } from '../model/policy.ts';
import { type Nanoseconds, toMs, toNs } from '../model/time.ts';

/** How far back a row looks. */
export const VIEW_MS = 3_000;

/** Whether attempts flow is told of this last stretch alone: an outage should show at once. */
const WIRE_MS = 1_000;

/** What the wire shows of a breaker: attempts flow, have stopped although they are needed, or nothing is asked. */
export type WireState = 'flowing' | 'silent' | 'idle';

/** A link now. */
export interface LinkRow {
  link: string;
  faults: string[];
  attemptsPerSecond: number;
  failedPerSecond: number;
  wire: WireState;
  /** What the target says of its breaker; null: it says nothing. */
  told: BreakerState | null;
  /** Answers per way of being served, over the whole view. */
  served: Record<string, number>;
}

/** The entry now. */
export interface EntryRow {
  requestsPerSecond: number;
  errorRatio: number;
  latencyMsP95: number;
}

export interface View {
  atMs: number;
  entry: EntryRow;
  links: LinkRow[];
}

type Seen = Unnumbered<HistoryEvent>;

/** Events that a view may still need; older ones can be forgotten. */
export function recent(events: readonly Seen[], now: Nanoseconds): Seen[] {
  return events.filter((event) => endOf(event) >= now - toNs(VIEW_MS));
}

/**
 * @param events of at least the last {@link VIEW_MS}
 * @param faults names of the faults armed now, per link
 * @param told what the target last said of each breaker
 */
export function viewOf(
  events: readonly Seen[],
  now: Nanoseconds,
  requests: HistoryHeader['requests'],
  faults: ReadonlyMap<string, readonly string[]>,
  told: ReadonlyMap<string, BreakerState>,
): View {
  const seen = recent(events, now);
  const perSecond = (n: number): number => Math.round((n / VIEW_MS) * 10_000) / 10;
  const entries = seen.flatMap((event) => (event.kind === 'request' ? [event] : []));
  const bad = entries.filter(({ outcome }) => outcome !== 'ok');
  const latencies = entries.map(({ t, endT }) => toMs(endT - t)).sort((a, b) => a - b);
  const isNew = ({ endT }: { endT: Nanoseconds }): boolean => endT >= now - toNs(WIRE_MS);
  const links = [...faults.keys()].map((link): LinkRow => {
    const work = seen.flatMap((event) => {
      if (event.kind === 'exchange' && event.link === link)
        return [
          {
            endT: event.endT,
            failed: event.outcome === 'broken' || (event.status ?? 0) >= 500 || event.status === 429,
          },
        ];
      if (event.kind === 'statement' && event.link === link && event.command !== 'STARTUP')
        return [{ endT: event.endT, failed: event.outcome !== 'completed' }];
      return [];
    });
    const needing = entries.filter(({ name }) => requests[name]?.needs.includes(link) === true);
    const served: Record<string, number> = {};
    for (const request of needing) {
      const by = request.served[link] ?? request.servedBy ?? request.outcome;
      served[by] = (served[by] ?? 0) + 1;
    }
    return {
      link,
      faults: [...(faults.get(link) ?? [])],
      attemptsPerSecond: perSecond(work.length),
      failedPerSecond: perSecond(work.filter(({ failed }) => failed).length),
      wire: wireState(work.some(isNew), needing.some(isNew)),
      told: told.get(link) ?? null,
      served,
    };
  });
  return {
    atMs: Math.round(toMs(now)),
    entry: {
      requestsPerSecond: perSecond(entries.length),
      errorRatio: entries.length === 0 ? 0 : bad.length / entries.length,
      latencyMsP95: Math.round(latencies[Math.max(0, Math.ceil(latencies.length * 0.95) - 1)] ?? 0),
    },
    links,
  };
}

function wireState(attempted: boolean, needed: boolean): WireState {
  if (attempted) return 'flowing';
  return needed ? 'silent' : 'idle';
}

function endOf(event: Seen): Nanoseconds {
  return 'endT' in event ? event.endT : event.t;
}

/** The view as lines of text, a row per link. */
export function renderView({ atMs, entry, links }: View): string[] {
  const head = `${clock(atMs)}  ${entry.requestsPerSecond} req/s, ${(entry.errorRatio * 100).toFixed(0)} % errors, p95 ${entry.latencyMsP95} ms`;
  const width = Math.max(...links.map(({ link }) => link.length));
  return [
    head,
    ...links.map((row) => {
      const served = Object.entries(row.served)
        .map(([by, n]) => `${n} ${by}`)
        .join(', ');
      const breaker = row.told === null ? row.wire : `${row.wire} (says ${row.told})`;
      const faults = row.faults.length === 0 ? '' : `  [${row.faults.join(', ')}]`;
      return `  ${row.link.padEnd(width)}  ${row.attemptsPerSecond.toFixed(1).padStart(6)} attempts/s  ${row.failedPerSecond.toFixed(1).padStart(5)} failed/s  ${breaker.padEnd(26)}  ${served}${faults}`;
    }),
  ];
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
