import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { driveLoad } from '../../../harness/load/engine.ts';
import { hashOf } from '../../../harness/load/hash.ts';
import { planLoad } from '../../../harness/load/plan.ts';
import { Config, type ConfigInput } from '../../../harness/model/config.ts';
import type { RequestEvent, Unnumbered } from '../../../harness/model/history.ts';
import { Traffic } from '../../../harness/model/scenario.ts';
import { clockFrom, toMs } from '../../../harness/model/time.ts';
import { Cleanup, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const input: ConfigInput = {
  target: { name: 't', start: { command: ['x'] }, readyPath: '/' },
  profiles: { fast: { env: {} } },
  links: {},
  requests: {
    get: { method: 'GET', path: '/get/{{pick.word}}', needs: [] },
    put: {
      method: 'POST',
      path: '/put',
      headers: { 'x-key': '{{key}}' },
      body: { text: 'about {{pick.word}}', list: ['{{key}}'] },
      needs: [],
    },
  },
  pools: { word: ['one', 'two'] },
  served: { header: 'served-by', perLinkHeader: 'served-by-{{link}}', ageMsHeader: 'age-ms' },
};
const config = Config.parse(input);
const traffic = (change: object = {}): Traffic =>
  Traffic.parse({ ratePerSecond: 100, mix: { get: 3, put: 1 }, ...change });

describe('a load plan', () => {
  test('is the same for the same seed and another for another', () => {
    const plan = planLoad(traffic(), config, 1_000, 7, 'r');
    expect(planLoad(traffic(), config, 1_000, 7, 'r')).toEqual(plan);
    expect(planLoad(traffic(), config, 1_000, 8, 'r')).not.toEqual(plan);
  });

  test('has the asked rate and mix', () => {
    const plan = planLoad(traffic(), config, 60_000, 7, 'r');
    expect(plan.length / 60).toBeGreaterThan(90);
    expect(plan.length / 60).toBeLessThan(110);
    const puts = plan.filter(({ name }) => name === 'put').length / plan.length;
    expect(puts).toBeGreaterThan(0.22);
    expect(puts).toBeLessThan(0.28);
  });

  test('fills templates; keys and traces are unique', () => {
    const plan = planLoad(traffic(), config, 5_000, 7, 'r');
    const put = plan.find(({ name }) => name === 'put');
    expect(JSON.parse(put?.body ?? '')).toEqual({
      text: expect.stringMatching(/^about (one|two)$/),
      list: [put?.key],
    });
    expect(put?.headers).toEqual({ 'x-key': put?.key });
    expect(new Set(plan.map(({ key }) => key)).size).toBe(plan.length);
    expect(new Set(plan.map(({ trace }) => trace)).size).toBe(plan.length);
  });

  test('asks for a write that was sent a while before; where there is none, in vain', () => {
    const asking = Config.parse({
      ...input,
      requests: {
        put: { method: 'POST', path: '/put', body: { text: '{{key}}' }, needs: [], write: true },
        find: { method: 'GET', path: '/find/{{written}}', needs: [] },
      },
    });
    const plan = planLoad(traffic({ mix: { put: 1, find: 1 } }), asking, 2_000, 7, 'r');
    const sentMs = new Map(plan.map(({ key, atMs }) => [key, atMs]));
    const finds = plan.filter(({ name }) => name === 'find');
    const first = finds[0];
    expect(first).toMatchObject({ path: `/find/${first?.key}` });
    expect(first?.wants).toBeUndefined();
    const later = finds.filter(({ atMs }) => atMs > 600);
    expect(later.length).toBeGreaterThan(20);
    for (const { atMs, path, wants = '' } of later) {
      expect(path).toBe(`/find/${wants}`);
      expect(atMs - (sentMs.get(wants) ?? Infinity)).toBeGreaterThanOrEqual(400);
    }
  });

  test('tells the same question by the same hash, where answers are compared', () => {
    const { get } = input.requests;
    const comparing = Config.parse({ ...input, requests: { get: { ...get, compare: 'text' } } });
    const plan = planLoad(traffic({ mix: { get: 1 } }), comparing, 1_000, 7, 'r');
    const byPath = new Map(plan.map(({ path, question }) => [path, question]));
    expect(byPath.size).toBe(2);
    expect(new Set(byPath.values()).size).toBe(2);
    expect(plan.every(({ path, question }) => question === byPath.get(path))).toBe(true);
  });

  test('spaces constant arrivals evenly', () => {
    const at = planLoad(traffic({ arrivals: 'constant' }), config, 100, 1, 'r').map(({ atMs }) => atMs);
    expect(at).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  test.each([
    [{ mix: { gett: 1 } }, /traffic.mix: no request "gett" in the config; did you mean "get"\?/],
    [{ mix: { get: 0 } }, /every weight is 0/],
  ])('refuses %j', (change, sentence) => {
    expect(() => planLoad(traffic(change), config, 100, 1, 'r')).toThrow(sentence);
  });
});

async function drive(
  handler: http.RequestListener,
  change: object,
  durationMs: number,
): Promise<Unnumbered<RequestEvent>[]> {
  const port = await listen(cleanup, http.createServer(handler));
  const events: Unnumbered<RequestEvent>[] = [];
  const now = clockFrom(process.hrtime.bigint());
  const settings = traffic({ arrivals: 'constant', ...change });
  await driveLoad({
    entryUrl: `http://127.0.0.1:${port}`,
    plan: planLoad(settings, config, durationMs, 1, 'r'),
    startT: now(),
    traffic: settings,
    served: config.served,
    links: ['llm', 'database'],
    now,
    emit: (event) => void events.push(event),
    signal: new AbortController().signal,
  });
  return events;
}

describe('the embedded engine', () => {
  test('does not wait for answers, and counts latency from the intended start', async () => {
    let stalled = true;
    setTimeout(() => {
      stalled = false;
      for (const release of held.splice(0)) release();
    }, 300);
    const held: (() => void)[] = [];
    const events = await drive(
      (_request, response) => {
        if (stalled) held.push(() => response.end('ok'));
        else response.end('ok');
      },
      { mix: { get: 1 } },
      500,
    );
    expect(events).toHaveLength(49);
    const first = events.toSorted((a, b) => a.t - b.t)[0];
    expect(toMs((first?.endT ?? 0) - (first?.t ?? 0))).toBeGreaterThanOrEqual(250);
    // A closed loop would have sent one request in the first 300 ms; this one has sent some thirty.
    expect(events.filter(({ startT }) => toMs(startT - (first?.t ?? 0)) < 280).length).toBeGreaterThan(20);
  });

  test('reads how an answer was served, in all and per link', async () => {
    const [event] = await drive(
      (_request, response) => {
        response
          .writeHead(200, {
            'served-by': 'cached',
            'served-by-llm': 'cached',
            'served-by-database': 'live',
            'age-ms': '1500',
          })
          .end();
      },
      { mix: { get: 1 } },
      15,
    );
    expect(event).toMatchObject({
      outcome: 'ok',
      status: 200,
      servedBy: 'cached',
      served: { llm: 'cached', database: 'live' },
      ageMs: 1_500,
    });
  });

  test('looks into answers where it is asked to: the write that was wanted, and the part that is compared', async () => {
    const port = await listen(
      cleanup,
      http.createServer((request, response) => {
        const body = request.url === '/note' ? { data: [{ text: 'about r-1' }] } : { data: [] };
        response.end(JSON.stringify(body));
      }),
    );
    const events: Unnumbered<RequestEvent>[] = [];
    const now = clockFrom(process.hrtime.bigint());
    const entry = { atMs: 0, name: 'get', method: 'GET', headers: {}, body: null, trace: '0'.repeat(32) };
    const looking = { wants: 'r-1', compare: 'data.0.text', question: 'q' };
    await driveLoad({
      entryUrl: `http://127.0.0.1:${port}`,
      plan: [
        { ...entry, key: 'a', path: '/note', ...looking },
        { ...entry, key: 'b', path: '/nothing', ...looking },
        { ...entry, key: 'c', path: '/note' },
      ],
      startT: now(),
      traffic: traffic(),
      served: config.served,
      links: [],
      now,
      emit: (event) => void events.push(event),
      signal: new AbortController().signal,
    });
    const told = new Map(events.map((event) => [event.key, event]));
    expect(told.get('a')).toMatchObject({ found: true, question: 'q', answer: hashOf('"about r-1"') });
    expect(told.get('b')).toMatchObject({ found: false, question: 'q', answer: null });
    expect(told.get('c')).not.toHaveProperty('found');
    expect(told.get('c')).not.toHaveProperty('answer');
  });

  test('tells errors, timeouts, broken connections and drops apart', async () => {
    const errors = await drive(
      (_request, response) => response.writeHead(503).end(),
      { mix: { get: 1 } },
      25,
    );
    expect(errors.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(['error 503', 'error 503']);
    const timeouts = await drive(() => {}, { mix: { get: 1 }, requestTimeoutMs: 60 }, 15);
    expect(timeouts.map(({ outcome }) => outcome)).toEqual(['timeout']);
    const broken = await drive((request) => request.socket.resetAndDestroy(), { mix: { get: 1 } }, 15);
    expect(broken.map(({ outcome }) => outcome)).toEqual(['broken']);
    const drops = await drive(() => {}, { mix: { get: 1 }, maxInFlight: 2, requestTimeoutMs: 100 }, 65);
    expect(drops.filter(({ outcome }) => outcome === 'dropped').length).toBeGreaterThanOrEqual(3);
  });
});
