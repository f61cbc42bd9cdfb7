/** Several replicas that measure side by side, on simulated services and one virtual clock. */
import { expect, test } from '@jest/globals';
import type { QuantityName } from '../../harness/model/measured.ts';
import { type Characterised, characterise } from '../../harness/policy/characterise.ts';
import { SimulatedBench } from '../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../harness/policy/simulation/clock.ts';
import { NO_POLICY, type ServicePolicy } from '../../harness/policy/simulation/service.ts';
import { THREE_IN_A_ROW } from './policies.ts';
import { scoreOf } from './score.ts';
import type { Truth } from './zoo/truth.ts';

const LIMIT_MS = 120_000;

const POLICY: ServicePolicy = {
  ...NO_POLICY,
  totalMs: 250,
  breaker: THREE_IN_A_ROW,
  bulkhead: { concurrent: 12, queue: 1000 },
  fallback: 'static',
};

const TRUTH: Truth = {
  'timeout.totalMs': 250,
  'timeout.abortsForCaller': false,
  'retry.attempts': 1,
  'breaker.kind': 'consecutive',
  'breaker.failures': 3,
  'breaker.openMs': 600,
  'breaker.halfOpenProbes': 1,
  'breaker.successesToClose': 1,
  'bulkhead.concurrent': 12,
  'fallback.kind': 'static',
};

function measured(
  replicas: number,
  onProgress: (name: string) => void = () => {},
  signal = new AbortController().signal,
): Promise<Characterised> {
  const clock = new VirtualClock();
  const [bench, ...others] = Array.from(
    { length: replicas },
    (_, seed) => new SimulatedBench({ policy: POLICY, clock, seed, giveUpMs: 3_000, noiseMs: 2 }),
  ) as [SimulatedBench, ...SimulatedBench[]];
  const limits = { patienceMs: 3_000, callsMax: 12, pauseMsMax: 1_500, burstMax: 20 };
  return clock.run(characterise({ bench, replicas: others, limits, errorMs: 3, onProgress, signal }));
}

const scores = ({ findings }: Characterised): Record<string, string> =>
  Object.fromEntries(
    Object.entries(TRUTH).map(([name, value]) => [
      name,
      scoreOf(name as QuantityName, value, findings[name as QuantityName]),
    ]),
  );

test(
  'find what one finds, in less time, and the record says which of them saw what',
  async () => {
    const [one, two] = [await measured(1), await measured(2)];
    const right = Object.fromEntries(Object.keys(TRUTH).map((name) => [name, 'right']));
    expect([scores(one), scores(two)]).toEqual([right, right]);
    expect(Object.values(two.matrix).every(({ counts }) => counts === true)).toBe(true);
    expect(two.tookMs).toBeLessThan(one.tookMs * 0.8);
    const namesOf = ({ experiments }: Characterised): string[] =>
      experiments.map(({ name }) => name).filter((name) => !name.includes('time that is left'));
    expect(namesOf(two).toSorted()).toEqual(namesOf(one).toSorted());
    const replicaOf = (experiment: string): number[] => [
      ...new Set(
        two.recorded.chapters.filter((each) => each.experiment === experiment).map((each) => each.replica),
      ),
    ];
    expect(replicaOf('kind')).toEqual([1]);
    expect(replicaOf('timeouts')).toEqual([2]);
    expect(replicaOf('failure matrix').toSorted()).toEqual([1, 2]);
    expect(two.recorded.behind['timeout.totalMs']).toEqual(['timeouts']);
    expect(two.recorded.behind['breaker.kind']?.[0]).toBe('kind');
  },
  LIMIT_MS,
);

test(
  'keep what is known when they are called off, and say of the rest that they were',
  async () => {
    const off = new AbortController();
    const found = await measured(
      2,
      (name) => {
        if (name === 'timeouts') off.abort();
      },
      off.signal,
    );
    expect(found.complete).toBe(false);
    expect(found.findings['breaker.openMs']).toMatchObject({ known: true });
    expect(found.findings['bulkhead.concurrent']).toEqual({
      known: false,
      why: 'called off before it was measured',
    });
  },
  LIMIT_MS,
);
