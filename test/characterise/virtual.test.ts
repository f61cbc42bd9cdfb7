/**
 * Random policies against services on a virtual clock: whatever is reported as known must be true. A few of them
 * in every run; CHARACTERISE_POLICIES=200 for the whole campaign (docs/characterise-ground-truth.md has its result).
 */
import { expect, test } from '@jest/globals';
import type { QuantityName } from '../../harness/model/measured.ts';
import { characterise } from '../../harness/policy/characterise.ts';
import { SimulatedBench } from '../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../harness/policy/simulation/clock.ts';
import { NO_POLICY, type ServicePolicy } from '../../harness/policy/simulation/service.ts';
import { hiddenOf } from './identifiable.ts';
import { drawPolicy, truthOf } from './policies.ts';
import { scoreOf } from './score.ts';

const POLICIES = Number(process.env.CHARACTERISE_POLICIES ?? 4);
const FIRST = Number(process.env.CHARACTERISE_FIRST ?? 1);
const LIMIT_MS = 60_000 + POLICIES * 60_000;

async function measured(policy: ServicePolicy, seed: number) {
  const clock = new VirtualClock();
  const bench = new SimulatedBench({ policy, clock, seed, giveUpMs: 4_000, noiseMs: 1 });
  return clock.run(characterise({ bench, errorMs: 2, limits: { patienceMs: 4_000 } }));
}

test(
  `of ${POLICIES} random policies nothing is told wrong, and most of what there is to tell is told`,
  async () => {
    const wrong: string[] = [];
    const table: Record<string, { right: number; unknown: number; wrong: number }> = {};
    for (let seed = FIRST; seed < FIRST + POLICIES; seed++) {
      const policy = drawPolicy(seed);
      const { findings } = await measured(policy, seed);
      const hidden = hiddenOf(policy);
      for (const [name, truth] of Object.entries(truthOf(policy))) {
        const finding = findings[name as QuantityName];
        const score = scoreOf(name as QuantityName, truth, finding);
        // What cannot be told by anybody need not be told; told wrongly it still counts.
        if (score === 'unknown' && hidden.has(name as QuantityName)) continue;
        table[name] ??= { right: 0, unknown: 0, wrong: 0 };
        table[name][score]++;
        if (score === 'wrong')
          wrong.push(`seed ${seed}, ${name}: ${JSON.stringify(finding)}, but it is ${truth}`);
      }
    }
    if (process.env.CHARACTERISE_POLICIES !== undefined) console.table(table);
    expect(wrong).toEqual([]);
    const count = (of: 'right' | 'unknown'): number =>
      Object.values(table).reduce((sum, row) => sum + row[of], 0);
    expect(count('right') / (count('right') + count('unknown'))).toBeGreaterThan(0.85);
  },
  LIMIT_MS,
);

const PLAIN: ServicePolicy = { ...NO_POLICY, headersMs: 300 };

test(
  'a service without any policy: no breaker, no retry, no limit, and the matrix says that errors leak',
  async () => {
    const { findings, matrix, complete } = await measured(NO_POLICY, 1);
    expect(complete).toBe(true);
    expect(findings['breaker.present']).toMatchObject({ known: true, value: false });
    expect(findings['retry.attempts']).toMatchObject({ known: true, value: 1 });
    expect(findings['timeout.headersMs']).toMatchObject({ known: true, value: null, low: 4_000 });
    expect(findings['breaker.openMs']).toMatchObject({ known: false });
    expect(matrix['status-503']).toMatchObject({ retried: false, counts: false, caller: 'error' });
  },
  LIMIT_MS,
);

test(
  'a breaker that trips early is measured as it is, whatever was meant',
  async () => {
    const breaker = {
      rule: { kind: 'consecutive', failures: 2 },
      counts: 'calls',
      openMs: 800,
      openGrowth: 1,
      openMaxMs: 800,
      halfOpenProbes: 1,
      successesToClose: 1,
      clearsOnClose: true,
    } as const;
    const { findings, matrix } = await measured(
      { ...PLAIN, breaker: { ...breaker, shapes: new Set(['status-503', 'rst']) } },
      2,
    );
    expect(findings['breaker.kind']).toMatchObject({ known: true, value: 'consecutive' });
    expect(findings['breaker.failures']).toMatchObject({ known: true, value: 2 });
    expect(matrix['status-503']).toMatchObject({ counts: true });
    expect(matrix['status-500']).toMatchObject({ counts: false });
  },
  LIMIT_MS,
);

test(
  'what is called off is told as unknown, with the reason',
  async () => {
    const clock = new VirtualClock();
    const bench = new SimulatedBench({ policy: PLAIN, clock, seed: 3, giveUpMs: 4_000, noiseMs: 1 });
    const stop = new AbortController();
    const onProgress = (name: string): void => {
      if (name === 'timeouts') stop.abort();
    };
    const { findings, complete } = await clock.run(
      characterise({ bench, errorMs: 2, limits: { patienceMs: 4_000 }, onProgress, signal: stop.signal }),
    );
    expect(complete).toBe(false);
    expect(findings['retry.attempts']).toMatchObject({ known: true });
    expect(findings['bulkhead.concurrent']).toMatchObject({
      known: false,
      why: expect.stringContaining('called off'),
    });
  },
  LIMIT_MS,
);
