/**
 * Rounds in which every bench has its turn, beside a reference: a computation that no change of ours touches. The
 * machine is shared and its speed drifts; it drifts for the reference alike.
 */
import { createHash } from 'node:crypto';

/** One thing that is measured, made ready. */
export interface Bench {
  readonly name: string;
  /** What one operation is, in a few words. */
  readonly operation: string;
  /** One operation. @throws where it did not do what it should: a wrong answer has no speed */
  run(): unknown | Promise<unknown>;
}

/** What one bench did in one round. */
export interface RoundOf {
  /** Time of each operation, ms. */
  timesMs: number[];
}

/** Per bench, its rounds in order. */
export type Rounds = Record<string, RoundOf[]>;

export interface Budget {
  rounds: number;
  /** Time of each bench in a round, ms; and before the first round, so that code is compiled and caches are full. */
  roundMs: number;
  warmUpMs: number;
}

/** Fewest operations in a round: a percentile of less says nothing. */
const OPERATIONS_MIN = 5;

/** Name of the computation that everything is laid beside. */
export const REFERENCE = 'reference';

/** Some milliseconds: as long as what stands beside it, so that whatever interrupts the one interrupts the other. */
const BLOCK = Buffer.alloc(8 * 1024 * 1024, 'tripcurve');
const reference: Bench = {
  name: REFERENCE,
  operation: 'SHA-256 of 8 MiB',
  run: () => createHash('sha256').update(BLOCK).digest(),
};

/** Warms up, then measures all in turn. @param progress told before each round */
export async function measureBenches(
  benches: readonly Bench[],
  { rounds, roundMs, warmUpMs }: Budget,
  progress: (text: string) => void = () => {},
): Promise<Rounds> {
  const all = [reference, ...benches];
  progress('warming up');
  for (const bench of all) await measure(bench, warmUpMs);
  const found: Rounds = Object.fromEntries(all.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
    // Who comes after whom changes from round to round.
    for (const [i] of all.entries()) {
      const bench = all[(i + round) % all.length];
      if (bench !== undefined) found[bench.name]?.push({ timesMs: await measure(bench, roundMs) });
    }
  }
  return found;
}

async function measure(bench: Bench, lengthMs: number): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + lengthMs;
  for (let now = performance.now(); now < until || times.length < OPERATIONS_MIN; ) {
    const done = bench.run();
    if (done instanceof Promise) await done;
    const after = performance.now();
    times.push(after - now);
    now = after;
  }
  return times;
}
