/**
 * `permanent-not-retried`: what the dependency refuses for a reason that lies in the request itself (a value it cannot
 * take, a malformed body) is not tried again: it will be refused again, and delays the answer.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { triesOf } from './tries.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Fewest refused requests for a verdict. */
  atLeast: z.int().min(1).default(3),
});

export const permanentNotRetried = defineChecker<z.infer<typeof Params>>({
  name: 'permanent-not-retried',
  about: 'a request that the dependency refuses for good is not tried again',
  params: Params,
  readsWire: true,
  judge(history, { link, atLeast }) {
    const refused = triesOf(history, link).filter(({ tries }) => tries[0]?.fate === 'permanent');
    const again = refused.filter(({ tries }) => tries.length > 1);
    const numbers = {
      refused: [refused.length, 'requests refused'] as [number, string],
      again: [again.length, 'requests tried again'] as [number, string],
    };
    if (again.length > 0) {
      return fails(
        `${link}: permanent errors retried: ${again.length} of ${count(refused.length, 'request')} that it refused for good were tried again`,
        numbers,
        again.flatMap(({ tries }) => tries),
      );
    }
    if (refused.length < atLeast)
      return inconclusive(
        `${link}: ${count(refused.length, 'request')} refused for good; at least ${atLeast} are needed`,
        numbers,
      );
    return holds(
      `${link}: none of ${count(refused.length, 'request')} refused for good was tried again`,
      numbers,
    );
  },
});
