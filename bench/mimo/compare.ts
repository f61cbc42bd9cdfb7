/** Lays a run of the bench beside an earlier one: ratios, and what is slower beyond noise. Pure. */
import { z } from 'zod';
import { UsageError } from '../../harness/model/errors.ts';
import { REFERENCE } from './bench.ts';

const Interval = z.object({ median: z.number(), low: z.number(), high: z.number() });
const Summary = z.object({
  operations: z.int(),
  msP50: z.number(),
  msP95: z.number(),
  msP99: z.number(),
  perSecond: z.number(),
  relative: Interval,
});

/** The file that a run writes. */
export const MimoResult = z.object({
  bench: z.literal('mimo'),
  startedAt: z.iso.datetime(),
  machine: z.object({
    cpu: z.string(),
    cpus: z.int(),
    memoryBytes: z.number(),
    node: z.string(),
    system: z.string(),
    loadAverage: z.number(),
    commit: z.string().nullable(),
  }),
  rounds: z.int(),
  operations: z.record(z.string(), z.string()),
  benches: z.record(z.string(), Summary),
});
export type MimoResult = z.infer<typeof MimoResult>;

/**
 * Slower by less than this is not told as a regression even where no noise hides it: where code lies in memory is
 * worth as much.
 */
const WORTH_TELLING_RATIO = 1.05;

export type Verdict = 'slower' | 'faster' | 'same' | 'new';

export interface Compared {
  name: string;
  /** Of the medians in units of the reference: above 1 is slower. NaN where the earlier run has none. */
  ratio: number;
  /** The same ratio from the ends of both intervals. */
  low: number;
  high: number;
  verdict: Verdict;
}

/**
 * Slower or faster is what lies beyond the intervals of both: the ratio's own interval, from this run's low end over
 * the other's high one to the reverse, leaves out 1, and the ratio is worth telling.
 */
export function compare(now: MimoResult, before: MimoResult): Compared[] {
  return Object.entries(now.benches)
    .filter(([name]) => name !== REFERENCE)
    .map(([name, { relative }]) => {
      const earlier = before.benches[name]?.relative;
      if (earlier === undefined)
        return { name, ratio: Number.NaN, low: Number.NaN, high: Number.NaN, verdict: 'new' };
      const ratio = relative.median / earlier.median;
      const low = relative.low / earlier.high;
      const high = relative.high / earlier.low;
      const verdict =
        low > 1 && ratio > WORTH_TELLING_RATIO
          ? 'slower'
          : high < 1 && ratio < 1 / WORTH_TELLING_RATIO
            ? 'faster'
            : 'same';
      return { name, ratio, low, high, verdict };
    });
}

/** Why two runs cannot be judged against each other; null: they can. */
export function otherMachine({ machine: now }: MimoResult, { machine: before }: MimoResult): string | null {
  const differs = (['cpu', 'cpus', 'node'] as const).filter((fact) => now[fact] !== before[fact]);
  return differs.length === 0
    ? null
    : `another machine: ${differs.map((fact) => `${fact} ${before[fact]} then, ${now[fact]} now`).join('; ')}`;
}

/** @throws UsageError where the text is not a result of this bench */
export function parseResult(text: string, where: string): MimoResult {
  try {
    return MimoResult.parse(JSON.parse(text));
  } catch {
    throw new UsageError(
      `--compare ${where}: not a result of the bench; give the mimo.json that npm run bench -- mimo wrote`,
    );
  }
}
