/** The engine against a double of the k6 command (test/support/k6-double), which is not k6. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { embeddedLoad } from '../../../../harness/load/engine.ts';
import { findK6 } from '../../../../harness/load/k6/binary.ts';
import { k6Load } from '../../../../harness/load/k6/engine.ts';
import type { LoadEngine } from '../../../../harness/load/load-engine.ts';
import type { Scenario } from '../../../../harness/model/scenario.ts';
import { toMs } from '../../../../harness/model/time.ts';
import { k6Double, k6That } from '../../../support/k6-double/binary.ts';
import { eventually, processesWith } from '../../../support/processes.ts';
import { Cleanup } from '../../../support/sockets.ts';
import {
  notesOf,
  type Received,
  recordingServer,
  requestsOf,
  startOptions,
  trafficScenario,
} from '../../../support/traffic.ts';

const cleanup = new Cleanup();
const told = process.env.K6_BINARY;
afterEach(async () => {
  if (told === undefined) delete process.env.K6_BINARY;
  else process.env.K6_BINARY = told;
  await cleanup.run();
});

async function folder(): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-k6-test-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Drives a scenario to its end and tells what came of it. */
async function drive(
  engine: LoadEngine,
  scenario: Scenario,
  url: string,
  dir: string,
  stop = new AbortController(),
) {
  const { options, events } = startOptions(scenario, url, dir, stop.signal);
  const { startT, driven } = await engine.start(options);
  return { options, events, startT, driven };
}

const inOrder = (received: readonly Received[]): Received[] =>
  received.toSorted((a, b) => String(a.headers.traceparent).localeCompare(String(b.headers.traceparent)));

const SERVED: http.RequestListener = (request, response) => {
  const status = request.url?.startsWith('/remove') === true ? 503 : 200;
  const headers = { 'served-by': 'cached', 'served-by-llm': 'cached', 'age-ms': '1500' };
  response.writeHead(status, headers);
  // Of one word there is a note, which tells of the write that is wanted; of the other there is none.
  if (request.url?.startsWith('/get/one') === true)
    response.end(JSON.stringify({ notes: [{ about: '“one”' }], of: request.headers['x-wants'] }));
  else if (request.url?.startsWith('/get') === true) response.end('{"notes":[]}');
  else response.end('fine');
};

describe('k6, by a double of it', () => {
  test.each([
    ['poisson arrivals', {}],
    ['constant arrivals', { arrivals: 'constant' }],
    ['a ramp', { ramp: [{ toRatePerSecond: 80, forMs: 1_000 }] }],
  ])(
    'is sent by the same requests as by the embedded engine, one by one: %s',
    async (_, traffic) => {
      process.env.K6_BINARY = await k6Double(cleanup);
      const byUs = await recordingServer(cleanup, SERVED);
      const byK6 = await recordingServer(cleanup, SERVED);
      // The plan is the same whatever may be in flight; one after the other, so that neither slows the other.
      const ours = await drive(embeddedLoad, trafficScenario({ ...traffic, maxInFlight: 256 }), byUs.url, '');
      await ours.driven;
      let theirs = await drive(k6Load, trafficScenario(traffic), byK6.url, await folder());
      await theirs.driven;
      // On a starved machine the threads of the double are not there when they are needed.
      for (let runs = 1; runs < 3 && /k6 dropped/.test(notesOf(theirs.events).join()); runs++) {
        byK6.received.length = 0;
        theirs = await drive(k6Load, trafficScenario(traffic), byK6.url, await folder());
        await theirs.driven;
      }

      expect(byK6.received).toHaveLength(theirs.options.plan.length);
      expect(inOrder(byK6.received)).toEqual(inOrder(byUs.received));

      // And the history says the same of them, their real times aside.
      const without = ({ events, startT }: typeof ours) =>
        requestsOf(events)
          .map(({ startT: _sent, endT: _end, t, ...rest }) => ({ ...rest, atMs: toMs(t - startT) }))
          .toSorted((a, b) => a.atMs - b.atMs);
      expect(without(theirs)).toEqual(without(ours));
      const looked = requestsOf(theirs.events).filter(({ wants }) => wants !== undefined);
      expect(new Set(looked.map(({ found, answer }) => `${found} ${answer === null}`))).toEqual(
        new Set(['true false', 'false true']),
      );
      expect(new Set(requestsOf(theirs.events).map(({ outcome }) => outcome))).toEqual(
        new Set(['ok', 'error']),
      );
      for (const { t, startT, endT } of requestsOf(theirs.events)) {
        expect(startT).toBeGreaterThanOrEqual(t);
        expect(endT).toBeGreaterThanOrEqual(startT);
      }
    },
    90_000,
  );

  test('sends at the planned moments', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const { url } = await recordingServer(cleanup);
    const { events, driven } = await drive(k6Load, trafficScenario(), url, await folder());
    await driven;
    const lateMs = requestsOf(events).map(({ t, startT }) => toMs(startT - t));
    const median = lateMs.toSorted((a, b) => a - b)[Math.floor(lateMs.length / 2)];
    // Evenly spaced, as an executor starts iterations, they would be some 100 ms off.
    expect(median).toBeLessThan(50);
    expect(notesOf(events)).toEqual([]);
  }, 60_000);

  test('tells errors, timeouts and broken connections apart', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const { url } = await recordingServer(cleanup, (request, response) => {
      if (request.method === 'GET') response.writeHead(503).end();
      else if (request.method === 'POST') request.socket.resetAndDestroy();
      // a DELETE is never answered
    });
    const scenario = trafficScenario({ requestTimeoutMs: 700, maxInFlight: 12 });
    const { events, driven } = await drive(k6Load, scenario, url, await folder());
    await driven;
    const outcomes = (kind: string): Set<string> =>
      new Set(
        requestsOf(events).flatMap(({ name, outcome, status }) =>
          name === kind ? [`${outcome} ${status}`] : [],
        ),
      );
    expect(outcomes('get')).toContain('error 503');
    expect(outcomes('put')).toContain('broken null');
    expect(outcomes('remove')).toContain('timeout null');
    // On a machine that stalls any of them may time out, or find no virtual user; but none may pass for another.
    for (const name of ['get', 'put', 'remove']) {
      const known = ['timeout null', 'dropped null', name === 'get' ? 'error 503' : 'broken null'];
      expect([...outcomes(name)].filter((outcome) => !known.includes(outcome))).toEqual([]);
    }
    expect(outcomes('remove')).not.toContain('broken null');
    expect(notesOf(events).join('\n')).toMatch(/^k6: a threshold was crossed/);
  }, 60_000);

  test('tells of requests that were never sent for want of virtual users', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const { url } = await recordingServer(cleanup, () => {});
    const scenario = trafficScenario({ requestTimeoutMs: 2_500, maxInFlight: 1, arrivals: 'constant' });
    const { events, options, driven } = await drive(k6Load, scenario, url, await folder());
    await driven;
    const dropped = requestsOf(events).filter(({ outcome }) => outcome === 'dropped');
    expect(requestsOf(events)).toHaveLength(options.plan.length);
    expect(dropped.length).toBeGreaterThan(30);
    expect(notesOf(events).join()).toMatch(/k6 dropped \d+ iterations/);
  }, 60_000);

  test('whose thresholds are crossed (exit code 99) has failed at nothing', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const { url } = await recordingServer(cleanup);
    const scenario = trafficScenario(
      {},
      { steadyState: [{ check: 'latency', percentile: 50, belowMs: 0.001 }] },
    );
    const dir = await folder();
    const { events, driven } = await drive(k6Load, scenario, url, dir);
    await driven;
    expect(notesOf(events)).toContain('k6: a threshold was crossed (exit code 99); k6.log says which');
    const log = await readFile(path.join(dir, 'k6/k6.log'), 'utf8');
    expect(log).toMatch(/http_req_duration\{window:before,expected_response:true\}: p\(50\)<0\.001/);
  }, 60_000);

  test('goes when it is told to, and what it had sent is in the history', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const { url, received } = await recordingServer(cleanup);
    const stop = new AbortController();
    const dir = await folder();
    const scenario = trafficScenario({ ratePerSecond: 20 }, { recovery: { withinMs: 20_000 } });
    const { events, driven } = await drive(k6Load, scenario, url, dir, stop);
    await eventually('some requests', 10_000, async () => received.length >= 5);
    stop.abort();
    await driven;
    expect(await processesWith(dir)).toEqual([]);
    expect(requestsOf(events).length).toBeGreaterThanOrEqual(3);
    expect(requestsOf(events).every(({ outcome }) => outcome === 'ok')).toBe(true);
  }, 60_000);
});

describe('a k6 that does not do what it should', () => {
  /** Starts one that `run`s a shell command. */
  async function start(run: string, stop = new AbortController()) {
    process.env.K6_BINARY = await k6That(cleanup, run);
    const dir = await folder();
    return { dir, ...(await drive(k6Load, trafficScenario(), 'http://127.0.0.1:9', dir, stop)) };
  }
  const ORIGIN = 'echo "msg=tripcurve-origin-ms=$(date +%s)000" >&2';

  test('fails before it begins: with its last words', async () => {
    await expect(start('echo "level=error the script is bad" >&2; exit 107')).rejects.toThrow(
      /^k6 ended before it began to send \(exit code 107\): level=error the script is bad$/,
    );
  });

  test('fails while it sends: with what the exit code means', async () => {
    const { driven } = await start(`${ORIGIN}; echo panic; exit 109`);
    await expect(driven).rejects.toThrow(/^k6 failed \(exit code 109: k6 itself crashed\): .*panic/);
  });

  test('leaves no results', async () => {
    const { driven } = await start(`${ORIGIN}; exit 0`);
    await expect(driven).rejects.toThrow(/^k6 left no results: ENOENT/);
  });

  test('leaves something else', async () => {
    const { driven } = await start(`${ORIGIN}; echo nonsense > results.ndjson; exit 0`);
    await expect(driven).rejects.toThrow(/results\.ndjson:1: is no Metric or Point of k6/);
  });

  test('will not leave: it is killed', async () => {
    const stop = new AbortController();
    // exec: no shell must stand between k6 and the signal, as none does with a real one.
    const run = `trap '' TERM; ${ORIGIN}; MARK=$PWD exec sleep 600`;
    const { driven, dir } = await start(run, stop);
    expect(await processesWith(dir)).toHaveLength(2); // it and its guard
    stop.abort();
    await driven;
    expect(await processesWith(dir)).toEqual([]);
  }, 20_000);

  test('is stopped before it begins, at whatever moment of its start', async () => {
    for (const afterMs of [0, 5, 10, 20, 30, 40, 60, 100, 200]) {
      const stop = new AbortController();
      const starting = start('MARK=$PWD exec sleep 600', stop);
      setTimeout(() => stop.abort(), afterMs);
      const { driven, dir, events } = await starting;
      await driven;
      expect(events).toEqual([]);
      expect(await processesWith(dir)).toEqual([]);
    }
  }, 60_000);

  test('goes when its guard is killed', async () => {
    const { driven, dir } = await start(`${ORIGIN}; MARK=$PWD exec sleep 600`);
    const [guard = 0] = await processesWith(`guard.ts\0${process.env.K6_BINARY}`);
    expect(guard).toBeGreaterThan(0);
    process.kill(guard, 'SIGKILL');
    await expect(driven).rejects.toThrow(/^k6 failed \(exit code null/);
    await eventually('k6 to go', 3_000, async () => (await processesWith(dir)).length === 0);
  }, 20_000);
});

describe('the k6 binary', () => {
  test('is named by K6_BINARY, and tells its version', async () => {
    const file = await k6That(cleanup, '', 'k6 v0.57.1 (commit/abc, go1.23.6, linux/amd64)');
    expect(await findK6(file)).toEqual({ file, version: '0.57.1' });
    expect(await findK6(path.relative('.', file))).toEqual({ file, version: '0.57.1' });
  });

  test.each([
    ['k6 v0.33.0 ((devel), go1.16, linux/amd64)', /k6 0\.33\.0 is too old; 0\.34 or newer is needed/],
    ['ls (GNU coreutils) 9.1', /is not k6: "k6 version" printed "ls \(GNU coreutils\) 9\.1\\n"/],
  ])('is refused when it says %j', async (version, sentence) => {
    await expect(findK6(await k6That(cleanup, '', version))).rejects.toThrow(sentence);
  });

  test('is asked for in one sentence where there is none', async () => {
    await expect(findK6('/nowhere/k6')).rejects.toThrow(
      /^K6_BINARY=\/nowhere\/k6: no such file; install k6 yourself .* or set K6_BINARY to the binary; docs\/k6\.md/,
    );
  });
});
