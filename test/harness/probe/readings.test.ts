import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ReadingSource } from '../../../harness/model/config.ts';
import type { AlertEvent, ReadingEvent, Unnumbered } from '../../../harness/model/history.ts';
import { clockFrom } from '../../../harness/model/time.ts';
import { watchAlerts } from '../../../harness/probe/alerts.ts';
import { readingIn, readNow, watchReadings } from '../../../harness/probe/readings.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const now = clockFrom(process.hrtime.bigint());
const LIMIT_MS = 5_000;

const TEXT = `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{link="llm",outcome="failure"} 3
calls_total{link="llm",outcome="success"} 40
calls_total{link="ollama",outcome="failure"} 1 1700000000000
calls_totally_other 99
depth 7
odd{text="a \\"quoted\\" } brace"} 2
nothing NaN
`;

describe('a number in Prometheus text', () => {
  test.each([
    [{ metric: 'depth', unit: 'x' }, 7],
    [{ metric: 'calls_total', unit: 'x' }, 44],
    [{ metric: 'calls_total', labels: { outcome: 'failure' }, unit: 'x' }, 4],
    [{ metric: 'calls_total', labels: { link: 'llm', outcome: 'failure' }, unit: 'x' }, 3],
    [{ metric: 'calls_total', labels: { link: 'database' }, unit: 'x' }, null],
    [{ metric: 'odd', unit: 'x' }, 2],
    [{ metric: 'nothing', unit: 'x' }, null],
    [{ metric: 'calls', unit: 'x' }, null],
  ])('%j is %p', (source, value) => {
    expect(readingIn(TEXT, ReadingSource.parse(source))).toBe(value);
  });
});

test.each([
  ['{"queue":{"depth":4}}', 4],
  ['{"queue":{"depth":"4"}}', null],
  ['{}', null],
  ['no JSON', null],
])('a number in %s is %p', (text, value) => {
  expect(readingIn(text, { json: 'queue.depth', path: '/', unit: 'writes' })).toBe(value);
});

test('readings are taken again and again; what cannot be read is left out', async () => {
  let depth = 0;
  const port = await listen(
    cleanup,
    http.createServer((request, response) => {
      if (request.url !== '/metrics') response.writeHead(500);
      response.end(`depth ${++depth}\n`);
    }),
  );
  const events: Unnumbered<ReadingEvent>[] = [];
  const stop = new AbortController();
  const options = {
    entryUrl: `http://127.0.0.1:${port}`,
    readings: {
      queue: ReadingSource.parse({ metric: 'depth', unit: 'writes' }),
      lost: ReadingSource.parse({ json: 'depth', path: '/broken', unit: 'writes' }),
    },
    now,
    emit: (event: Unnumbered<ReadingEvent>) => void events.push(event),
  };
  const watching = watchReadings(options, stop.signal);
  await eventually('three readings', LIMIT_MS, async () => events.length >= 3);
  stop.abort();
  await watching;
  const watched = events.length;
  await readNow(options, new AbortController().signal);
  expect(events).toHaveLength(watched + 1);
  expect(new Set(events.map(({ name, unit }) => `${name} in ${unit}`))).toEqual(new Set(['queue in writes']));
  expect(events.map(({ value }) => value)).toEqual(
    events.map(({ value }) => value).toSorted((a, b) => a - b),
  );
});

test('alerts are told when they change, the gravest of several series, and that somebody watches', async () => {
  type Alert = { state: string; labels: { alertname: string } };
  let alerts: Alert[] | null = null;
  const port = await listen(
    cleanup,
    http.createServer((_request, response) => {
      if (alerts === null) response.writeHead(503).end();
      else response.end(JSON.stringify({ status: 'success', data: { alerts } }));
    }),
  );
  const events: Unnumbered<AlertEvent>[] = [];
  const stop = new AbortController();
  const watching = watchAlerts(
    `http://127.0.0.1:${port}`,
    now,
    (event) => void events.push(event),
    stop.signal,
  );
  const told = (): string[] => events.map(({ name, state }) => `${name} ${state}`);
  const alert = (state: string): Alert => ({ state, labels: { alertname: 'Open' } });
  alerts = [];
  await eventually('the watch', LIMIT_MS, async () => told().length === 1);
  alerts = [alert('pending')];
  await eventually('a pending alert', LIMIT_MS, async () => told().length === 2);
  alerts = [alert('pending'), alert('firing'), alert('pending')];
  await eventually('a firing alert', LIMIT_MS, async () => told().length === 3);
  alerts = [];
  await eventually('its end', LIMIT_MS, async () => told().length === 4);
  stop.abort();
  await watching;
  expect(told()).toEqual([' inactive', 'Open pending', 'Open firing', 'Open inactive']);
});
