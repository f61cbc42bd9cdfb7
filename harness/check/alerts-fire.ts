/**
 * `alerts-fire`: the alerts that this outage is to raise fire while it lasts, no other does, none fires before it, and
 * all resolve. It needs `alerts.prometheus` in the config.
 */
import { z } from 'zod';
import { ALERTS_WATCHED, type AlertEvent, eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs } from './evidence.ts';
import { faultSpans } from './windows.ts';

const Params = z.strictObject({
  /** Names of the alerts that must fire. */
  fires: z.array(z.string().min(1)).min(1),
  /** Alerts that may fire too, such as those that tell of the machine. */
  mayFire: z.array(z.string()).default([]),
  /** Latest moment after the first fault, in ms; left out, any before the end. */
  withinMs: z.number().positive().optional(),
  /** Whether they must have resolved at the end. */
  resolves: z.boolean().default(true),
});

export const alertsFire = defineChecker<z.infer<typeof Params>>({
  name: 'alerts-fire',
  about: 'the outage raises the alerts it should and no others, and they resolve',
  params: Params,
  judge(history, { fires, mayFire, withinMs, resolves }) {
    const events = eventsOf(history, 'alert');
    if (!events.some(({ name }) => name === ALERTS_WATCHED))
      return inconclusive('nobody watched the alerts; name a Prometheus under alerts in the config');
    const [fault] = faultSpans(history);
    if (fault === undefined) return inconclusive('no fault was injected');
    const firing = events.filter(({ state, name }) => state === 'firing' && !mayFire.includes(name));
    const wanted = fires.map((name) => {
      const fired = firing.find((event) => event.name === name && event.t >= fault.fromT);
      return { name, fired, last: events.findLast((event) => event.name === name) };
    });
    const tookMs = wanted.flatMap(({ fired }) =>
      fired === undefined ? [] : [betweenMs(fault.fromT, fired.t)],
    );
    const surplus = firing.filter(({ name, t }) => t >= fault.fromT && !fires.includes(name));
    const early = firing.filter(({ t }) => t < fault.fromT);
    const missing = wanted.filter(({ fired }) => fired === undefined);
    const numbers = {
      fired: [tookMs.length, 'alerts'] as [number, string],
      expected: [fires.length, 'alerts'] as [number, string],
      surplus: [surplus.length, 'alerts'] as [number, string],
      ...(tookMs.length === 0 ? {} : { slowest: [Math.max(...tookMs), 'ms'] as [number, string] }),
    };
    if (early.length > 0) return fails(`false alarm: ${names(early)} fired before any fault`, numbers, early);
    if (missing.length > 0) {
      const cites = missing.flatMap(({ last }) => (last === undefined ? [] : [last]));
      return fails(`alert missing: ${names(missing)} did not fire`, numbers, cites);
    }
    const late = wanted.flatMap(({ fired }) =>
      fired !== undefined && withinMs !== undefined && betweenMs(fault.fromT, fired.t) > withinMs
        ? [fired]
        : [],
    );
    if (late.length > 0)
      return fails(
        `alert late: ${names(late)} fired later than ${withinMs} ms after the fault`,
        numbers,
        late,
      );
    if (surplus.length > 0)
      return fails(
        `false alarm: ${names(surplus)} fired too, of which this outage knows nothing`,
        numbers,
        surplus,
      );
    const unresolved = wanted.flatMap(({ last }) =>
      resolves && last !== undefined && last.state === 'firing' ? [last] : [],
    );
    if (unresolved.length > 0)
      return fails(`alert stuck: ${names(unresolved)} still fires at the end`, numbers, unresolved);
    return holds(
      `${count(fires.length, 'alert')} fired, the last ${Math.round(Math.max(...tookMs))} ms after the fault${resolves ? ', and resolved' : ''}; no other did`,
      numbers,
      wanted.flatMap(({ fired }) => (fired === undefined ? [] : [fired])),
    );
  },
});

function names(alerts: readonly Pick<AlertEvent, 'name'>[]): string {
  return [...new Set(alerts.map(({ name }) => name))].join(', ');
}
