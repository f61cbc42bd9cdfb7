/** A real Prometheus watches a real Mimo while its dependencies are taken away, one after another. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { Fault } from '../../harness/model/fault.ts';
import { eventually } from '../support/processes.ts';
import { monitoringHere, query, type Sample } from '../support/prometheus.ts';
import { answering, durationMs, seriesOf, withShorterRanges } from '../support/promql.ts';
import { MONITORING, readDashboards, readRules } from '../support/rules.ts';
import { testWith } from '../support/toxiproxy.ts';
import { FACTOR, type WatchedMimo, watchedMimo } from '../support/watched-mimo.ts';
import { REPOSITORY } from '../support/workshop.ts';

const { prometheus } = await monitoringHere();
const withPrometheus = testWith({ prometheus });

/** Sixty times faster the longest window is 15 s; the rest is for a machine that is busy. */
const FIRE_LIMIT_MS = 40_000;
const RESOLVE_LIMIT_MS = 60_000;
const UP_LIMIT_MS = 120_000;
const TEST_LIMIT_MS = FIRE_LIMIT_MS + RESOLVE_LIMIT_MS + 20_000;
/** These tell of the machine that the test runs on, and it may be busy. */
const OF_THE_MACHINE = new Set(['event-loop', 'memory', 'handles']);

interface Outage {
  name: string;
  link: string;
  fault: unknown;
  alerts: string[];
}

const rules = (await readRules()).groups.flatMap((group) => group.rules);
const queries = (await readDashboards()).flatMap(({ panels, annotations }) => [
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...annotations.list.map(({ expr }) => expr),
]);
const { outages } = JSON.parse(await readFile(path.join(MONITORING, 'expected-alerts.json'), 'utf8')) as {
  outages: Outage[];
};

let watched: WatchedMimo;

beforeAll(async () => {
  if (prometheus !== null) return;
  watched = await watchedMimo();
  await eventually('Mimo to be scraped under traffic', FIRE_LIMIT_MS, async () => {
    const [answered] = await ask('sum(rate(mimo_requests_total{job="mimo",status=~"20."}[5s])) > 1');
    return answered !== undefined;
  });
}, UP_LIMIT_MS);

afterAll(async () => {
  await watched?.[Symbol.asyncDispose]();
}, UP_LIMIT_MS);

const ask = (expression: string): Promise<Sample[]> => query(watched.prometheus.url, expression);

interface Firing {
  name: string;
  link: string | undefined;
  component: string;
}

async function firing(): Promise<Firing[]> {
  const samples = await ask('ALERTS{alertstate="firing"}');
  return samples.map(({ metric }) => ({
    name: metric.alertname ?? '',
    link: metric.link,
    component: metric.component ?? '',
  }));
}

async function quiet(): Promise<void> {
  await eventually('every alert to have resolved', RESOLVE_LIMIT_MS, async () =>
    (await firing()).every(({ component }) => OF_THE_MACHINE.has(component)),
  );
}

/** Waits until each has fired, and answers all that fired meanwhile with the ms it took. */
async function fired(
  names: readonly string[],
): Promise<Map<string, { afterMs: number; links: Set<string> }>> {
  const seen = new Map<string, { afterMs: number; links: Set<string> }>();
  const fromMs = performance.now();
  await eventually(`${names.join(', ')} to fire`, FIRE_LIMIT_MS, async () => {
    for (const { name, link, component } of await firing()) {
      if (OF_THE_MACHINE.has(component)) continue;
      const one = seen.get(name) ?? { afterMs: performance.now() - fromMs, links: new Set() };
      if (link !== undefined) one.links.add(link);
      seen.set(name, one);
    }
    return names.every((name) => seen.has(name));
  }).catch((error: Error) => {
    throw new Error(`${error.message}; fired: ${[...seen.keys()].join(', ')}`);
  });
  return seen;
}

describe('a healthy Mimo', () => {
  withPrometheus('exports every series that a rule or a panel reads, and no other is read', async () => {
    const text = await (await fetch(`${watched.mimo.entryUrl}/metrics`)).text();
    const exported = new Set(text.match(/^[a-z_]+(?=[{ ])/gm));
    const read = new Set([...rules.map(({ expr }) => expr), ...queries].flatMap(seriesOf));
    for (const ofPrometheus of ['up', 'ALERTS']) read.delete(ofPrometheus);
    expect(read.size).toBeGreaterThan(20);
    expect([...read].filter((name) => !exported.has(name))).toEqual([]);
  });

  withPrometheus('gives every query of a rule and of a panel data', async () => {
    await quiet();
    const shorter = (expression: string): string =>
      withShorterRanges(expression.replaceAll('$__rate_interval', '5m'), FACTOR);
    const empty: string[] = [];
    for (const expression of [...rules.map(({ expr }) => expr), ...queries]) {
      // ALERTS has a series only while an alert is pending or firing: empty is what it means to say.
      if (expression.startsWith('ALERTS{')) continue;
      // absent() is empty while all is well, and speaks of a series that must be there now.
      const asked = /\babsent\(/.test(expression)
        ? `count({__name__=~"${seriesOf(expression).join('|')}"})`
        : answering(shorter(expression));
      const answer = await ask(asked);
      if (answer.length === 0 || answer.some(({ value }) => Number.isNaN(value))) empty.push(expression);
    }
    expect(empty).toEqual([]);
  });

  withPrometheus('answers every query that the steps of docs/operations/alerts.md ask', async () => {
    const page = await readFile(path.join(REPOSITORY, 'docs/operations/alerts.md'), 'utf8');
    const asked = [...page.matchAll(/promtool query instant \$PROM '([^']+)'/g)].map(([, asks = '']) => asks);
    expect(asked.length).toBeGreaterThan(10);
    for (const expression of asked) {
      const answer = await ask(answering(expression));
      expect([expression, answer.length]).not.toEqual([expression, 0]);
    }
  });
});

describe('an outage', () => {
  for (const { name, link, fault, alerts } of outages)
    withPrometheus(
      `${name}: its alerts fire, no others do, and all resolve`,
      async () => {
        await quiet();
        await watched.mimo.inject(link, 'outage', Fault.parse(fault));
        const seen = await fired(alerts);
        await watched.mimo.heal('all');
        for (const alert of alerts) {
          const waitMs = durationMs(rules.find((rule) => rule.alert === alert)?.for ?? '0s') / FACTOR;
          expect(seen.get(alert)?.afterMs).toBeGreaterThanOrEqual(waitMs);
          const links = [...(seen.get(alert)?.links ?? [])];
          if (links.length > 0) expect(links).toEqual([link]);
        }
        const others = [...seen].filter(([alert]) => !alerts.includes(alert));
        expect(others.map(([alert, { links }]) => [alert, ...links])).toEqual([]);
        await quiet();
      },
      TEST_LIMIT_MS,
    );

  withPrometheus(
    'that comes and goes: the breaker flaps',
    async () => {
      await quiet();
      const state = async (wanted: (value: number) => boolean): Promise<void> =>
        eventually('the breaker of ollama to change', FIRE_LIMIT_MS, async () => {
          const [sample] = await ask('mimo_breaker_state{link="ollama"}');
          return sample !== undefined && wanted(sample.value);
        });
      const flapping = fired(['MimoBreakerFlapping']);
      for (let time = 0; time < 3; time += 1) {
        await watched.mimo.inject('ollama', 'outage', Fault.parse({ type: 'down' }));
        await state((value) => value > 0);
        await watched.mimo.heal('all');
        await state((value) => value === 0);
      }
      expect([...((await flapping).get('MimoBreakerFlapping')?.links ?? [])]).toEqual(['ollama']);
      await quiet();
    },
    TEST_LIMIT_MS,
  );

  withPrometheus(
    'of Mimo itself: MimoDown fires',
    async () => {
      await watched.endMimo();
      await fired(['MimoDown']);
    },
    TEST_LIMIT_MS,
  );
});
