/** Rate limits: found where so many good calls in a row run into one, and then nothing that looks alike is claimed. */
import { describe, expect, test } from '@jest/globals';
import { characterise } from '../../../harness/policy/characterise.ts';
import { SimulatedBench } from '../../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../../harness/policy/simulation/clock.ts';
import { NO_POLICY, type ServicePolicy } from '../../../harness/policy/simulation/service.ts';
import { THREE_IN_A_ROW } from '../../characterise/policies.ts';

const LIMIT_MS = 60_000;

type Limit = NonNullable<ServicePolicy['rateLimit']>;

async function measured(rateLimit: Limit | undefined, more: Partial<ServicePolicy> = {}) {
  const clock = new VirtualClock();
  const policy = { ...NO_POLICY, headersMs: 300, ...more, ...(rateLimit === undefined ? {} : { rateLimit }) };
  const bench = new SimulatedBench({ policy, clock, seed: 1, giveUpMs: 4_000, noiseMs: 1 });
  return clock.run(characterise({ bench, errorMs: 2, limits: { patienceMs: 4_000 } }));
}

describe('a rate limit', () => {
  test.each<[string, Limit, number]>([
    [
      'given back one by one',
      { calls: 20, periodMs: 1_000, givenBack: 'one by one', surplus: 'rejected' },
      20,
    ],
    [
      'all at the end of a period',
      { calls: 10, periodMs: 500, givenBack: 'at once', surplus: 'rejected' },
      20,
    ],
    [
      'few in a long period',
      { calls: 5, periodMs: 1_500, givenBack: 'at once', surplus: 'rejected' },
      5 / 1.5,
    ],
    ['that makes calls wait', { calls: 10, periodMs: 400, givenBack: 'one by one', surplus: 'waits' }, 25],
  ])(
    '%s is told',
    async (_, limit, rate) => {
      const { findings } = await measured(limit);
      const finding = findings.rateLimit;
      expect(finding).toMatchObject({ known: true, value: expect.any(Number) });
      if (finding?.known !== true) return;
      expect(rate).toBeGreaterThan(finding.low ?? Number.NaN);
      expect(rate).toBeLessThan(finding.high ?? Number.NaN);
      expect((finding.high ?? 0) / (finding.low ?? 1)).toBeLessThan(1.5);
    },
    LIMIT_MS,
  );

  test(
    'hides a breaker, of which nothing is claimed then',
    async () => {
      const { findings, matrix } = await measured(
        { calls: 20, periodMs: 1_000, givenBack: 'one by one', surplus: 'rejected' },
        { breaker: THREE_IN_A_ROW },
      );
      const claimed = Object.entries(findings).filter(
        ([name, finding]) => /^(breaker|bulkhead|fallback|rejection)\./.test(name) && finding?.known,
      );
      expect(claimed).toEqual([]);
      expect(findings['breaker.openMs']).toMatchObject({
        known: false,
        why: expect.stringMatching(/^good calls are kept away too, by a rate limit/),
      });
      expect(Object.values(matrix).every((row) => row?.counts === null)).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    'that nobody runs into is not there, and hides nothing',
    async () => {
      const wide: Limit = { calls: 5_000, periodMs: 1_000, givenBack: 'at once', surplus: 'rejected' };
      const { findings } = await measured(wide, { breaker: THREE_IN_A_ROW });
      expect(findings.rateLimit).toMatchObject({
        known: true,
        value: null,
        experiment: expect.stringMatching(/60 within \d+ ms were all let through$/),
      });
      expect(findings['breaker.failures']).toMatchObject({ known: true, value: 3 });
    },
    LIMIT_MS,
  );

  test(
    'is not seen where there is a bulkhead or a breaker alone',
    async () => {
      const { findings } = await measured(undefined, {
        breaker: THREE_IN_A_ROW,
        bulkhead: { concurrent: 3, queue: 0 },
      });
      expect(findings.rateLimit).toMatchObject({ known: true, value: null });
      expect(findings['bulkhead.concurrent']).toMatchObject({ known: true, value: 3 });
    },
    LIMIT_MS,
  );
});
