/**
 * `transient-retried`: what is declared to be tried again is tried again when a transient fault hits it. For outages
 * that leave the breaker closed; an open one ends the tries with good reason.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { triesOf } from './tries.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Share of the requests with a failed first try that must be tried again. */
  ratio: z.number().min(0).max(1).default(0.7),
  /** Fewest such requests for a verdict. */
  atLeast: z.int().min(1).default(5),
  /** Only statements that begin with this word, where reads of the link are not tried again. */
  command: z.string().optional(),
});

export const transientRetried = defineChecker<z.infer<typeof Params>>({
  name: 'transient-retried',
  about: 'a try that a transient fault has failed is followed by another, where retries are declared',
  params: Params,
  readsWire: true,
  judge(history, { link, ratio, atLeast, command }) {
    if (!history.header.declared[link]?.retry) return inconclusive(`${link}: the target declares no retry`);
    const commands = new Map(
      history.events.flatMap((event) => (event.kind === 'statement' ? [[event.id, event.command]] : [])),
    );
    const hit = triesOf(history, link).filter(
      ({ tries: [first] }) =>
        first?.fate === 'transient' && (command === undefined || commands.get(first.id) === command),
    );
    const alone = hit.filter(({ tries }) => tries.length === 1);
    const retried = hit.length - alone.length;
    const numbers = {
      hit: [hit.length, 'requests with a failed first try'] as [number, string],
      retried: [retried, 'requests'] as [number, string],
    };
    if (hit.length < atLeast)
      return inconclusive(
        `${link}: ${count(hit.length, 'request')} met a transient fault; at least ${atLeast} are needed`,
        numbers,
      );
    if (retried / hit.length < ratio) {
      return fails(
        `${link}: transient faults not retried: ${retried} of ${count(hit.length, 'request')} that met one were tried again; at least ${ratio * 100} %`,
        numbers,
        alone.flatMap(({ tries }) => tries),
      );
    }
    return holds(
      `${link}: ${retried} of ${count(hit.length, 'request')} that met a transient fault were tried again`,
      numbers,
    );
  },
});
