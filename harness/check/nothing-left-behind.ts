/**
 * `nothing-left-behind`: when the outage is over the target holds no more than before it: no connections that nobody
 * closes, no writes that wait, no requests that never end. (`nothing-left`, which is always asked, looks for what the
 * rig left.)
 */
import { z } from 'zod';
import { type ConnectionEvent, eventsOf } from '../model/history.ts';
import type { Nanoseconds } from '../model/time.ts';
import { mostAtOnce } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { readingsOf, unread } from './readings.ts';
import { faultSpans, loadEnd, steadySpan } from './windows.ts';

/** A pool may keep what it needed in a rush, and a few more. */
const SPARE_CONNECTIONS = 5;

const Params = z.strictObject({
  link: z.string(),
  /**
   * Times as many connections as ever before the fault that may be open at the end. As many as there ever were
   * attempts at once may be in any case.
   */
  connections: z.number().min(1).default(2),
  /** Most that a reading may be at the very end, by name: `{ queue: 0 }`. */
  readings: z.record(z.string(), z.number()).default({}),
});

export const nothingLeftBehind = defineChecker<z.infer<typeof Params>>({
  name: 'nothing-left-behind',
  about: 'after recovery no more connections are open than before, and what was queued is gone',
  params: Params,
  readings: ({ readings }) => Object.keys(readings),
  judge(history, { link, connections: times, readings: limits }) {
    if (faultSpans(history, link).length === 0) return inconclusive(`${link}: no fault was injected`);
    const told = eventsOf(history, 'connection').filter((event) => event.link === link);
    const before = steadySpan(history, 'before').toT;
    const { open: atEnd } = openUntil(told, loadEnd(history));
    const { most } = openUntil(told, before);
    const inUse = mostAtOnce(history, link).length;
    const allowed = Math.max(Math.ceil(most * times), inUse) + SPARE_CONNECTIONS;
    const last = Object.entries(limits).map(([name, limit]) => ({
      name,
      limit,
      reading: readingsOf(history, name).at(-1),
    }));
    const numbers: Record<string, [number, string]> = {
      before: [most, 'connections at most before the fault'],
      inUse: [inUse, 'attempts at once'],
      atEnd: [atEnd.length, 'connections at the end'],
      ...Object.fromEntries(
        last.flatMap(({ name, reading }) =>
          reading === undefined ? [] : [[name, [reading.value, reading.unit] as [number, string]]],
        ),
      ),
    };
    if (told.length > 0 && atEnd.length > allowed) {
      return fails(
        `${link}: connections left behind: ${atEnd.length} open at the end, at most ${most} before the fault and ${inUse} ever in use at once (allowed ${allowed})`,
        numbers,
        atEnd,
      );
    }
    const over = last.flatMap(({ name, limit, reading }) =>
      reading !== undefined && reading.value > limit ? [{ name, limit, reading }] : [],
    );
    if (over.length > 0) {
      const says = over.map(
        ({ name, limit, reading }) => `${name} is ${reading.value} ${reading.unit} (at most ${limit})`,
      );
      return fails(
        `left behind at the end: ${says.join(', ')}`,
        numbers,
        over.map(({ reading }) => reading),
      );
    }
    const missing = last.find(({ reading }) => reading === undefined);
    if (missing !== undefined) return inconclusive(unread(missing.name), numbers);
    if (told.length === 0 && last.length === 0)
      return inconclusive(
        `${link}: no connection was seen and no reading is asked for; nothing could be left`,
      );
    const quiet = last.map(({ name, reading }) => `, ${name} ${reading?.value}`).join('');
    return holds(
      `${link}: ${count(atEnd.length, 'connection')} open at the end, at most ${most} before the fault (allowed ${allowed})${quiet}`,
      numbers,
      last.flatMap(({ reading }) => (reading === undefined ? [] : [reading])),
    );
  },
});

/** The connections that are open at a moment, by the event that opened them, and the most that ever were until then. */
function openUntil(
  events: readonly ConnectionEvent[],
  t: Nanoseconds,
): { open: ConnectionEvent[]; most: number } {
  const open = new Map<number, ConnectionEvent>();
  let most = 0;
  for (const event of events) {
    if (event.t > t) break;
    if (event.what === 'opened') open.set(event.connection, event);
    else open.delete(event.connection);
    most = Math.max(most, open.size);
  }
  return { open: [...open.values()], most };
}
