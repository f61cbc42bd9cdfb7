/**
 * `concurrency-bounded`: no more attempts are open at once on a link than its declared bulkhead lets through. A slow
 * dependency must find a bounded queue before it, not all the callers there are.
 */
import { z } from 'zod';
import { mostAtOnce } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Attempts at once that are borne; left out, what the declared bulkhead lets through. */
  atMost: z.int().min(1).optional(),
  /** Share of that which must have been reached at least once: else the bound was not put to the test. */
  reached: z.number().min(0).max(1).default(1),
});

export const concurrencyBounded = defineChecker<z.infer<typeof Params>>({
  name: 'concurrency-bounded',
  about: 'never more attempts at once on the link than the declared bulkhead lets through',
  params: Params,
  readsWire: true,
  judge(history, { link, atMost, reached }) {
    const allowed = atMost ?? history.header.declared[link]?.bulkhead?.concurrent;
    if (allowed === undefined)
      return inconclusive(`the target declares no bulkhead for link ${link}; give atMost`);
    const most = mostAtOnce(history, link);
    const numbers = {
      atOnce: [most.length, 'attempts'] as [number, string],
      allowed: [allowed, 'attempts'] as [number, string],
    };
    if (most.length > allowed) {
      return fails(
        `${link}: unbounded: ${count(most.length, 'attempt')} at once; at most ${allowed} are declared`,
        numbers,
        most,
      );
    }
    if (most.length < allowed * reached) {
      return inconclusive(
        `${link}: at most ${count(most.length, 'attempt')} at once; it takes ${Math.ceil(allowed * reached)} to put a bound of ${allowed} to the test`,
        numbers,
      );
    }
    return holds(
      `${link}: at most ${count(most.length, 'attempt')} at once (declared ${allowed})`,
      numbers,
      most,
    );
  },
});
