/** When all is well: which kind of request reaches the link, how often, how fast, and what a repeated one does. */
import { UsageError } from '../../model/errors.ts';
import { type Lab, median } from '../lab.ts';

const CALLS = 5;

/** @throws UsageError where no kind of request reaches the link */
export async function baseline(lab: Lab): Promise<string> {
  await lab.bench.heal();
  const silent: string[] = [];
  for (const kind of lab.bench.kinds) {
    lab.kind = kind;
    const calls = [];
    for (let i = 0; i < CALLS; i++) calls.push(await lab.call());
    const reached = calls.filter(({ attempts, reply }) => attempts.length > 0 && reply.ok);
    if (reached.length < CALLS) {
      silent.push(`${kind}: ${reached.length} of ${CALLS} were answered over it`);
      lab.forget();
      continue;
    }
    lab.healthyMs = median(calls.map(({ reply }) => reply.endMs - reply.startMs));
    const counts = calls.map(({ attempts }) => attempts.length);
    return `${kind}: ${Math.min(...counts)} to ${Math.max(...counts)} exchanges a request, ${lab.healthyMs.toFixed(1)} ms`;
  }
  throw new UsageError(
    `no kind of request reaches ${lab.bench.link} each time it is sent with a new key (${silent.join('; ')}); ` +
      'give the requests of the config a {{key}} in what is asked, so that no cache answers them',
  );
}
