import { describe, expect, test } from '@jest/globals';
import {
  KEPT_CALLS,
  type WireAttempt,
  type WireCall,
  type WireChapter,
} from '../../../harness/model/wire.ts';
import type { Asked, Attempt, Bench } from '../../../harness/policy/bench.ts';
import { mergeRecorded, RecordingBench } from '../../../harness/policy/recording.ts';
import { wireStates } from '../../../harness/policy/wire-states.ts';

/** A bench whose clock goes on by 10 ms with each call; each call makes one attempt inside it. */
class TickingBench implements Bench {
  readonly link = 'dep';
  readonly kinds = ['ask'];
  askedCount = 0;
  readonly #attempts: Attempt[] = [];
  #nowMs = 0;

  now = (): number => this.#nowMs;
  wait = async (ms: number): Promise<void> => {
    this.#nowMs += ms;
  };
  arm = async (): Promise<null> => null;
  heal = async (): Promise<void> => {};
  attempts = async (): Promise<readonly Attempt[]> => this.#attempts;
  ask = (): Asked => {
    const startMs = this.#nowMs;
    this.#nowMs += 10;
    const call = `POST /ask ${++this.askedCount}`;
    this.#attempts.push({
      startMs: startMs + 1,
      endMs: startMs + 9,
      firstByteMs: startMs + 8,
      status: 200,
      ok: true,
      endedBy: 'dependency',
      call,
    });
    const reply = { startMs, endMs: this.#nowMs, ok: true, status: 200, servedBy: null };
    return { reply: Promise.resolve(reply), abandon: () => {} };
  };
}

async function calls(bench: Bench, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await bench.ask('ask').reply;
  await bench.attempts();
}

describe('what a bench that records has seen', () => {
  test('is in the chapter of its experiment, with what was armed', async () => {
    const bench = new RecordingBench(new TickingBench());
    bench.begin('baseline');
    await calls(bench, 2);
    bench.begin('trip');
    await bench.arm('status-503');
    await calls(bench, 3);
    await bench.heal();
    bench.credit('breaker.present', 'trip');
    const { chapters, behind } = bench.recorded();
    expect(
      chapters.map(({ experiment, calls, attempts, faults }) => [
        experiment,
        calls.length,
        attempts.length,
        faults.map(({ condition, fromMs, toMs }) => [condition, fromMs, toMs]),
      ]),
    ).toEqual([
      ['baseline', 2, 2, []],
      ['trip', 3, 3, [['status-503', 20, 50]]],
    ]);
    expect(behind).toEqual({ 'breaker.present': ['trip'] });
  });

  test('is in parts where ways to fail follow each other, and what is still armed goes on in the next', async () => {
    const bench = new RecordingBench(new TickingBench());
    bench.begin('failure matrix', true);
    for (const shape of ['status-500', 'held', 'rst'] as const) {
      await bench.arm(shape);
      await calls(bench, 1);
    }
    bench.begin('bulkhead');
    await calls(bench, 1);
    const { chapters } = bench.recorded();
    expect(chapters.map(({ part, faults }) => [part, faults.map(({ condition }) => condition)])).toEqual([
      ['status-500', ['status-500', 'held']],
      ['rst', ['rst']],
      [null, ['rst']],
    ]);
  });

  test('is bounded: of a long chapter the beginning and the end are kept, and the rest is counted', async () => {
    const bench = new RecordingBench(new TickingBench());
    bench.begin('kind');
    await calls(bench, 10 * KEPT_CALLS);
    const [chapter] = bench.recorded().chapters;
    expect(chapter?.calls).toHaveLength(2 * KEPT_CALLS);
    expect(chapter?.leftOut).toMatchObject({ calls: 8 * KEPT_CALLS });
    expect(chapter?.calls.at(-1)?.startMs).toBe((10 * KEPT_CALLS - 1) * 10);
    const kept = chapter?.attempts.length ?? 0;
    expect(kept + (chapter?.leftOut?.attempts ?? 0)).toBe(10 * KEPT_CALLS);
  });

  test('of two replicas lies in the order of time', async () => {
    const [one, two] = [1, 2].map((replica) => new RecordingBench(new TickingBench(), replica));
    for (const bench of [one, two]) {
      bench?.begin('baseline');
      if (bench !== undefined) await calls(bench, 1);
      bench?.credit('breaker.openMs', 'baseline');
    }
    const merged = mergeRecorded(
      [one, two].flatMap((bench) => (bench === undefined ? [] : [bench.recorded()])),
    );
    expect(merged.chapters.map(({ replica }) => replica)).toEqual([1, 2]);
    expect(merged.behind).toEqual({ 'breaker.openMs': ['baseline'] });
  });
});

describe('the breaker as the wire shows it', () => {
  const call = (startMs: number, endMs: number, ok = true): WireCall => ({
    startMs,
    endMs,
    ok,
    status: ok ? 200 : 503,
    servedBy: null,
  });
  const attempt = (startMs: number, endMs: number, ok: boolean): WireAttempt => ({
    startMs,
    endMs,
    firstByteMs: endMs,
    status: ok ? 200 : 503,
    ok,
    endedBy: 'dependency',
    call: startMs,
  });
  const chapter = (part: Partial<WireChapter>): WireChapter => ({
    experiment: 'trip',
    part: null,
    replica: 1,
    fromMs: 0,
    toMs: 1_000,
    calls: [],
    attempts: [],
    faults: [],
    leftOut: null,
    ...part,
  });

  test('is open from the last attempt to the next, and half-open until enough probes are good', () => {
    const seen = chapter({
      calls: [call(0, 10, false), call(20, 22, false), call(500, 510), call(520, 530), call(540, 550)],
      attempts: [attempt(1, 9, false), attempt(501, 509, true), attempt(521, 529, true)],
    });
    expect(wireStates({ ...seen, calls: seen.calls.slice(0, 4) }, 2)).toEqual([
      { state: 'closed', fromMs: 0, toMs: 9 },
      { state: 'open', fromMs: 9, toMs: 501 },
      { state: 'half-open', fromMs: 501, toMs: 529 },
      { state: 'closed', fromMs: 529, toMs: 1_000 },
    ]);
  });

  test('a probe that fails opens it again', () => {
    const spans = wireStates(
      chapter({
        calls: [call(0, 10, false), call(20, 22, false), call(100, 110, false), call(120, 121, false)],
        attempts: [attempt(1, 9, false), attempt(101, 109, false)],
      }),
    );
    expect(spans.map(({ state, fromMs }) => `${state} from ${fromMs}`)).toEqual([
      'closed from 0',
      'open from 9',
      'half-open from 101',
      'open from 109',
    ]);
  });

  test('is not told from failures of which a link sees nothing', () => {
    const spans = wireStates(
      chapter({
        calls: [call(0, 10), call(20, 400, false)],
        attempts: [attempt(1, 9, true)],
        faults: [{ condition: 'black-hole', fromMs: 15, toMs: 450, times: null }],
      }),
    );
    expect(spans).toEqual([{ state: 'closed', fromMs: 0, toMs: 1_000 }]);
  });
});
