/**
 * `retries-spread`: waits before the second try are spread as the declared jitter says, so that a herd of callers that
 * failed together does not come back together. Full jitter draws evenly from 0 to the base: half of the waits are below
 * half of it. A busy machine only lengthens waits, so the short ones are counted.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs } from './evidence.ts';
import { triesOf } from './tries.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Share of the first waits that must be shorter than half of the base. */
  shortRatio: z.number().min(0).max(0.5).default(0.1),
  /** Fewest waits for a verdict: of ten evenly drawn ones none is short once in a thousand times. */
  atLeast: z.int().min(10).default(10),
});

export const retriesSpread = defineChecker<z.infer<typeof Params>>({
  name: 'retries-spread',
  about: 'waits before the second try are spread as the declared jitter says',
  params: Params,
  readsWire: true,
  judge(history, { link, shortRatio, atLeast }) {
    const backoff = history.header.declared[link]?.retry?.backoff;
    if (backoff === undefined || backoff.kind === 'none' || backoff.jitter !== 'full')
      return inconclusive(`${link}: the target declares no retry with full jitter`);
    const halfMs = backoff.baseMs / 2;
    const waits = triesOf(history, link).flatMap(({ tries: [first, second] }) =>
      first?.fate === 'transient' && second !== undefined
        ? [{ id: second.id, ms: betweenMs(first.endT, second.t) }]
        : [],
    );
    const short = waits.filter(({ ms }) => ms < halfMs);
    const numbers = {
      waits: [waits.length, 'waits'] as [number, string],
      short: [short.length, `waits below ${halfMs} ms`] as [number, string],
    };
    if (waits.length < atLeast)
      return inconclusive(`${link}: ${count(waits.length, 'wait')}; at least ${atLeast} are needed`, numbers);
    if (short.length < shortRatio * waits.length) {
      return fails(
        `${link}: no jitter: ${short.length} of ${waits.length} first waits are below half of the declared base of ${backoff.baseMs} ms; full jitter makes it every second`,
        numbers,
        waits,
      );
    }
    return holds(
      `${link}: ${short.length} of ${waits.length} first waits are below ${halfMs} ms: they are spread`,
      numbers,
    );
  },
});
