/** Spans of time of a run, and what falls into them. */
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import { phasesOf } from '../model/scenario.ts';
import { type Nanoseconds, toNs } from '../model/time.ts';
import type { SteadyWindow } from './checker.ts';

/** From `fromT` (included) to `toT` (excluded). */
export interface Span {
  fromT: Nanoseconds;
  toT: Nanoseconds;
}

/** When the load began; the scenario's times count from here. */
export function loadStart(history: History): Nanoseconds {
  return eventsOf(history, 'phase').find(({ phase }) => phase === 'steady')?.t ?? 0;
}

/** When the load ended. */
export function loadEnd(history: History): Nanoseconds {
  const end = eventsOf(history, 'phase').find(({ phase }) => phase === 'end');
  return end?.t ?? loadStart(history) + toNs(phasesOf(history.header.scenario).endAtMs);
}

/** When the last fault was lifted; where none was seen lifted, when it should have been. */
export function lastHeal(history: History): Nanoseconds {
  const healed = eventsOf(history, 'fault').filter(({ what }) => what === 'healed');
  return healed.at(-1)?.t ?? loadStart(history) + toNs(phasesOf(history.header.scenario).healAtMs);
}

/**
 * The spans in which a link had a fault, or one that it leads on to, from the links' own stamps; overlapping ones
 * are merged.
 */
export function faultSpans(history: History, link?: string): Span[] {
  const onTheWay = link === undefined ? null : way(history, link);
  const spans: Span[] = [];
  const open = new Set<string>();
  let fromT = 0;
  for (const event of eventsOf(history, 'fault')) {
    if (onTheWay !== null && !onTheWay.has(event.link)) continue;
    const key = `${event.link} ${event.fault}`;
    if (event.what === 'injected') {
      if (open.size === 0) fromT = event.t;
      open.add(key);
    } else if (open.delete(key) && open.size === 0) spans.push({ fromT, toT: event.t });
  }
  if (open.size > 0) spans.push({ fromT, toT: loadEnd(history) });
  return spans;
}

/** The spans in which operations were carried out, in order. */
export function operationSpans(history: History): Span[] {
  return eventsOf(history, 'operation').map(({ t, endT }) => ({ fromT: t, toT: endT }));
}

/**
 * The window of a steady-state check: all of the load before the first fault or operation, or as long a window
 * (at most half the recovery time) at the very end.
 */
export function steadySpan(history: History, window: SteadyWindow): Span {
  const startT = loadStart(history);
  const { faultAtMs } = phasesOf(history.header.scenario);
  if (window === 'before') {
    const begun = [faultSpans(history)[0], operationSpans(history)[0]].flatMap((span) => span?.fromT ?? []);
    return { fromT: startT, toT: begun.length === 0 ? startT + toNs(faultAtMs) : Math.min(...begun) };
  }
  const endT = loadEnd(history);
  const lengthNs = Math.min(toNs(faultAtMs), toNs(history.header.scenario.recovery.withinMs / 2));
  return { fromT: endT - lengthNs, toT: endT };
}

export function isWithin(t: Nanoseconds, { fromT, toT }: Span): boolean {
  return t >= fromT && t < toT;
}

/**
 * Requests of a steady window. Those that were open when the fault came belong to neither: they met
 * the steady state and the fault both.
 */
export function steadyRequests(history: History, window: SteadyWindow): RequestEvent[] {
  const span = steadySpan(history, window);
  return requestsIn(history, span).filter(({ endT }) => window === 'after' || endT < span.toT);
}

/** Requests meant to be sent inside a span. */
export function requestsIn(history: History, span: Span): RequestEvent[] {
  return eventsOf(history, 'request').filter(({ t }) => isWithin(t, span));
}

/** A link and those behind it. */
function way(history: History, link: string): ReadonlySet<string> {
  const links = new Set<string>();
  for (let on: string | undefined = link; on !== undefined && !links.has(on); ) {
    links.add(on);
    on = history.header.leadsTo[on];
  }
  return links;
}

/** Requests that use a link when all is well, by itself or as one behind another. */
export function needs(history: History, link: string): (request: RequestEvent) => boolean {
  const kinds = new Set(
    Object.entries(history.header.requests).flatMap(([name, kind]) =>
      kind.needs.some((needed) => way(history, needed).has(link)) ? [name] : [],
    ),
  );
  return ({ name }) => kinds.has(name);
}

/** The value below which `ratio` of the values lie (nearest rank); NaN of none. */
export function percentile(values: readonly number[], ratio: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(ratio * sorted.length) - 1)] ?? Number.NaN;
}
