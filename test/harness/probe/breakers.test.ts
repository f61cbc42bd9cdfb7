import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { BreakerSource } from '../../../harness/model/breaker-source.ts';
import { Config } from '../../../harness/model/config.ts';
import type { BreakerEvent, Unnumbered } from '../../../harness/model/history.ts';
import { clockFrom } from '../../../harness/model/time.ts';
import { stateIn, watchAllBreakers } from '../../../harness/probe/breakers.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const LIMIT_MS = 5_000;
const actuator = (state: unknown): string => JSON.stringify({ circuitBreakers: { prices: { state } } });

describe('a state in JSON', () => {
  const source = BreakerSource.parse({
    json: 'circuitBreakers.prices.state',
    path: '/actuator/circuitbreakers',
    states: { tripped: 'open', closed: 'closed' },
  });
  test.each([
    [actuator('CLOSED'), 'closed'],
    [actuator('OPEN'), 'open'],
    [actuator('HALF_OPEN'), 'half-open'],
    [actuator('halfOpen'), 'half-open'],
    [actuator('Half open'), 'half-open'],
    [actuator('FORCED_OPEN'), 'open'],
    [actuator('DISABLED'), 'closed'],
    [actuator(true), 'open'],
    [actuator(2), 'half-open'],
    [actuator('tripped'), 'open'],
    [actuator('odd'), null],
    [actuator('constructor'), null],
    [actuator(null), null],
    ['{}', null],
    ['no JSON', null],
  ])('%s is %p', (text, state) => {
    expect(stateIn(text, source)).toBe(state);
  });
});

describe('a state in Prometheus text', () => {
  const text = `resilience4j_circuitbreaker_state{name="prices",state="closed"} 0.0
resilience4j_circuitbreaker_state{name="prices",state="open"} 1.0
resilience4j_circuitbreaker_state{name="other",state="half_open"} 1.0
circuit{name="prices"} 2
circuit{name="other"} 7
`;
  test.each([
    [
      { metric: 'resilience4j_circuitbreaker_state', labels: { name: 'prices' }, stateLabel: 'state' },
      'open',
    ],
    [
      { metric: 'resilience4j_circuitbreaker_state', labels: { name: 'other' }, stateLabel: 'state' },
      'half-open',
    ],
    [{ metric: 'resilience4j_circuitbreaker_state', stateLabel: 'state' }, null],
    [{ metric: 'circuit', labels: { name: 'prices' } }, 'half-open'],
    [{ metric: 'circuit', labels: { name: 'other' } }, null],
    [{ metric: 'circuit', labels: { name: 'other' }, states: { '7': 'open' } }, 'open'],
    [{ metric: 'circuit' }, null],
    [{ metric: 'none' }, null],
  ])('%j is %p', (source, state) => {
    expect(stateIn(text, BreakerSource.parse(source))).toBe(state);
  });
});

test('each change is told once; an endpoint that fails tells nothing', async () => {
  let reads = 0;
  const answers = [actuator('CLOSED'), actuator('CLOSED'), null, actuator('OPEN')];
  const port = await listen(
    cleanup,
    http.createServer((_request, response) => {
      const answer = answers[Math.min(reads++, answers.length - 1)];
      response.writeHead(answer === null ? 503 : 200).end(answer ?? '');
    }),
  );
  const { target } = Config.parse({
    target: { name: 't', breakers: { prices: { json: 'circuitBreakers.prices.state', path: '/breakers' } } },
    links: {},
    requests: {},
  });
  const told: Unnumbered<BreakerEvent>[] = [];
  const stop = new AbortController();
  const watching = watchAllBreakers(
    target,
    `http://127.0.0.1:${port}`,
    clockFrom(process.hrtime.bigint()),
    (event) => told.push(event),
    stop.signal,
  );
  await eventually('two states', LIMIT_MS, () => Promise.resolve(told.length >= 2 && reads > answers.length));
  stop.abort();
  await watching;
  expect(told).toMatchObject([
    { link: 'prices', from: null, to: 'closed' },
    { link: 'prices', from: 'closed', to: 'open' },
  ]);
});
