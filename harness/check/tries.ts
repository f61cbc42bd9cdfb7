/** The tries of single requests on a link, and what became of each: for checks of what is tried again and what not. */
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import type { Nanoseconds } from '../model/time.ts';
import { attemptsOn } from './attempts.ts';
import { needs } from './windows.ts';

/** `transient`: the dependency is in trouble; `permanent`: it works and refuses this, now and for ever. */
export type Fate = 'good' | 'transient' | 'permanent';

export interface Try {
  id: number;
  t: Nanoseconds;
  endT: Nanoseconds;
  /** The same for the same statement or body. */
  content: string;
  fate: Fate;
}

/** SQLSTATE classes of values that are wrong and will be wrong again: data, integrity. */
const PERMANENT_CLASSES = new Set(['22', '23']);
/** HTTP statuses that refuse the request itself. */
const PERMANENT_STATUSES = new Set([400, 404, 409, 413, 422]);

/** Of each request that needs the link: its tries, by what was asked, in order. Only where attempts bear trace ids. */
export function triesOf(history: History, link: string): { request: RequestEvent; tries: Try[] }[] {
  const failed = new Set(
    attemptsOn(history, link)
      .filter((attempt) => attempt.failed)
      .map(({ id }) => id),
  );
  const byTrace = new Map<string, Try[]>();
  const add = (trace: string | null, one: Try): void => {
    if (trace === null) return;
    byTrace.set(trace, [...(byTrace.get(trace) ?? []), one]);
  };
  const fateOf = (id: number, isPermanent: boolean): Fate =>
    failed.has(id) ? 'transient' : isPermanent ? 'permanent' : 'good';
  for (const { id, t, endT, trace, sqlstate, textHash, ...event } of eventsOf(history, 'statement')) {
    if (event.link !== link) continue;
    const isPermanent = sqlstate !== null && PERMANENT_CLASSES.has(sqlstate.slice(0, 2));
    add(trace, { id, t, endT, content: textHash ?? event.command, fate: fateOf(id, isPermanent) });
  }
  for (const { id, t, endT, trace, status, bodyHash, ...event } of eventsOf(history, 'exchange')) {
    if (event.link !== link) continue;
    const isPermanent = status !== null && PERMANENT_STATUSES.has(status);
    add(trace, { id, t, endT, content: bodyHash ?? event.path, fate: fateOf(id, isPermanent) });
  }
  return eventsOf(history, 'request')
    .filter(needs(history, link))
    .flatMap((request) => {
      const byContent = Object.groupBy(byTrace.get(request.trace) ?? [], ({ content }) => content);
      return Object.values(byContent).map((tries = []) => ({
        request,
        tries: tries.sort((a, b) => a.t - b.t),
      }));
    });
}
