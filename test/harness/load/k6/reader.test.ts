/** The samples are lines as https://grafana.com/docs/k6/latest/results-output/real-time/json/ shows them. */
import { describe, expect, test } from '@jest/globals';
import { NO_RESULTS, readResults, requestEvents } from '../../../../harness/load/k6/reader.ts';
import { WallClock } from '../../../../harness/load/k6/wall-clock.ts';
import type { PlannedRequest } from '../../../../harness/load/plan.ts';
import { toNs } from '../../../../harness/model/time.ts';
import { trafficConfig } from '../../../support/traffic.ts';

/** Lines of the documentation, from runs of other people's scripts: another time zone, tags null, a gauge. */
const DOCUMENTED = [
  '{"type":"Metric","data":{"type":"gauge","contains":"default","tainted":null,"thresholds":[],"submetrics":null},"metric":"vus"}',
  '{"type":"Point","data":{"time":"2017-05-09T14:34:45.625742514+02:00","value":5,"tags":null},"metric":"vus"}',
  '{"type":"Metric","data":{"type":"trend","contains":"time","tainted":null,"thresholds":["avg<1000"],"submetrics":null},"metric":"http_req_duration"}',
  '{"type":"Point","data":{"time":"2017-05-09T14:34:45.239531499+02:00","value":459.865729,"tags":{"group":"::my group::json","method":"GET","status":"200","url":"https://quickpizza.grafana.com/api/tools"}},"metric":"http_req_duration"}',
];

/** The wall clock of the run: its moment 0 was at 14:00:00 UTC. */
const ORIGIN = Date.parse('2026-03-01T14:00:00.000Z');
const run = new WallClock(ORIGIN, 0);

const plan: PlannedRequest[] = ['a', 'b', 'c', 'd', 'e', 'f'].map((key, i) => ({
  atMs: i * 100,
  name: 'get',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  key,
  trace: `trace-${key}`,
}));
/** Moment 0 of the plan, 1 s into the run. */
const startT = toNs(1_000);

const at = (atMs: number): string => new Date(ORIGIN + 1_000 + atMs).toISOString();

function point(metric: string, time: string, value: number, tags: object): string {
  return JSON.stringify({ metric, type: 'Point', data: { time, value, tags } });
}
const duration = (key: string, endMs: number, tookMs: number, tags: object): string =>
  point('http_req_duration', at(endMs), tookMs, { key, name: 'get', method: 'GET', ...tags });
const answer = (key: string, sentMs: number, served: object = {}): string =>
  point('tripcurve_answer', at(sentMs + 50), 5, {
    key,
    sent_ms: String(ORIGIN + 1_000 + sentMs),
    served: JSON.stringify(served),
  });

async function* each(lines: string[]): AsyncGenerator<string> {
  yield* lines;
}
const read = (lines: string[], isCut = false) =>
  readResults(each(lines), { file: 'results.ndjson', wallClock: run, isCut });
const events = async (lines: string[]) =>
  requestEvents(await read(lines), {
    plan,
    startT,
    served: trafficConfig.served,
    links: ['llm', 'database'],
  });

describe('the reader of k6 results', () => {
  test('reads the lines of the documentation, which are none of ours', async () => {
    const results = await read(DOCUMENTED);
    expect(results).toEqual(NO_RESULTS);
  });

  test('joins the points of a request by its key, and tells its times by the run’s clock', async () => {
    const [event] = await events([
      ...DOCUMENTED,
      duration('a', 46.5, 40, { status: '200' }),
      answer('a', 6, { 'served-by': 'cached', 'served-by-llm': 'cached', 'age-ms': '1500' }),
    ]);
    expect(event).toEqual({
      kind: 'request',
      t: startT,
      startT: startT + toNs(6),
      endT: startT + toNs(46),
      name: 'get',
      key: 'a',
      trace: 'trace-a',
      status: 200,
      outcome: 'ok',
      servedBy: 'cached',
      served: { llm: 'cached' },
      ageMs: 1_500,
    });
  });

  test('tells what was found in an answer, where it was looked for', async () => {
    const looking = plan.map((planned) => ({ ...planned, wants: 'w', compare: 'x', question: 'q' }));
    const line = (key: string, told: string): string =>
      point('tripcurve_answer', at(50), 5, { key, sent_ms: String(ORIGIN + 1_000), served: '{}', told });
    const results = await read([
      duration('a', 30, 20, { status: '200' }),
      line('a', '{"found":true,"answer":"abc"}'),
      duration('b', 30, 20, { status: '200' }),
      line('b', '{"found":false,"answer":null}'),
      duration('c', 30, 20, { status: '200' }),
      answer('c', 5),
    ]);
    const options = { startT, served: trafficConfig.served, links: [] };
    const [a, b, c] = requestEvents(results, { ...options, plan: looking });
    expect(a).toMatchObject({ wants: 'w', found: true, question: 'q', answer: 'abc' });
    expect(b).toMatchObject({ wants: 'w', found: false, question: 'q', answer: null });
    expect(c).not.toHaveProperty('found');
    expect(requestEvents(results, { ...options, plan })[0]).not.toHaveProperty('answer');
    await expect(read([line('a', 'nonsense')])).rejects.toThrow(/has no sent_ms and served/);
  });

  test.each([
    ['200', undefined, 'ok', 200],
    ['302', undefined, 'error', 302],
    ['503', '1503', 'error', 503],
    ['429', '1429', 'error', 429],
    ['0', '1050', 'timeout', null],
    ['0', '1211', 'timeout', null],
    ['0', '1212', 'broken', null],
    ['0', '1220', 'broken', null],
    ['200', '1000', 'broken', null], // the answer began, and broke off
  ])('takes status %s with error code %s for %s', async (status, error_code, outcome, told) => {
    const tags = error_code === undefined ? { status } : { status, error_code };
    const [event] = await events([duration('a', 30, 20, tags), answer('a', 5)]);
    expect(event).toMatchObject({ outcome, status: told });
  });

  test('takes for dropped what k6 tells nothing of', async () => {
    const lines = ['a', 'b', 'd'].flatMap((key, i) => [
      duration(key, i * 100 + 20, 10, { status: '200' }),
      answer(key, i * 100),
      point('http_reqs', at(i * 100), 1, { key }),
    ]);
    lines.push(point('dropped_iterations', at(300), 2, { scenario: 'traffic' }));
    expect(await read(lines)).toMatchObject({ droppedIterations: 2, requests: 3 });
    expect((await events(lines)).map(({ key, outcome }) => `${key} ${outcome}`)).toEqual([
      'a ok',
      'b ok',
      'c dropped',
      'd ok',
      'e dropped',
      'f dropped',
    ]);
  });

  test('never lets a request leave before it was meant to, or end before it left', async () => {
    const [, event] = await events([duration('b', 99.9, 1, { status: '200' }), answer('b', 99)]);
    expect(event).toMatchObject({
      t: startT + toNs(100),
      startT: startT + toNs(100),
      endT: startT + toNs(100),
    });
  });

  test('does without the point of the script where an iteration was cut off after its request', async () => {
    const [event] = await events([duration('a', 30, 20, { status: '200' })]);
    expect(event).toMatchObject({
      startT: startT + toNs(10),
      endT: startT + toNs(30),
      outcome: 'ok',
      servedBy: null,
    });
  });

  test('reads nanoseconds, zones and times without a fraction', () => {
    expect(run.fromText('2026-03-01T14:00:00Z')).toBe(0);
    expect(run.fromText('2026-03-01T14:00:00.000000001Z')).toBe(1);
    expect(run.fromText('2026-03-01T16:00:00.25+02:00')).toBe(250_000_000);
    expect(run.fromText('2026-03-01T09:00:00.5-05:00')).toBe(500_000_000);
    expect(run.fromText('yesterday')).toBeUndefined();
  });

  test.each([
    [
      ['k6 was here'],
      /^results\.ndjson:1: is no Metric or Point of k6; was the file written by another program\?$/,
    ],
    [[...DOCUMENTED, '{"type":"Pint","metric":"m","data":{}}'], /^results\.ndjson:5: is no Metric or Point/],
    [[point('http_reqs', at(0), Number.NaN, {})], /^results\.ndjson:1: is no Metric or Point/],
    [
      [duration('a', 0, 1, {}).replace(at(0), 'at noon')],
      /^results\.ndjson:1: has a time that is none: "at noon"/,
    ],
    [
      [point('tripcurve_answer', at(0), 1, { key: 'a' })],
      /^results\.ndjson:1: has no sent_ms and served, which the script gives every tripcurve_answer/,
    ],
  ])('says in one sentence what is wrong with %j', async (lines, sentence) => {
    await expect(read(lines)).rejects.toThrow(sentence);
    await expect(read([...lines, ...DOCUMENTED])).rejects.toThrow(sentence);
  });

  test('forgives a last line that is cut off, only where k6 was stopped', async () => {
    const lines = [duration('a', 30, 20, { status: '200' }), '{"type":"Poi'];
    expect((await read(lines, true)).answers.size).toBe(1);
    await expect(read(lines, false)).rejects.toThrow(/results\.ndjson:2/);
    await expect(read([...lines, ...DOCUMENTED], true)).rejects.toThrow(/results\.ndjson:2/);
  });
});

describe('the wall clock', () => {
  test('is measured against the run’s clock, and tells when it was set', () => {
    let t = 0;
    const first = WallClock.measure(() => t);
    t = toNs(1_000); // the run's clock goes on by a second, the wall clock hardly
    const driftMs = WallClock.measure(() => t).driftMs(first);
    expect(driftMs).toBeGreaterThan(-1_001);
    expect(driftMs).toBeLessThan(-500);
  });
});
