/** When all is well: which kind of request reaches the link, how often, how fast, and what a repeated one does. */
import { UsageError } from '../../model/errors.ts';
import { type Lab, median } from '../lab.ts';

const CALLS = 5;

interface Reaching {
  kind: string;
  parts: number;
  healthyMs: number;
  says: string;
}

/**
 * Chooses the first kind whose calls all reach the link, one that does a single thing there before one that does
 * several. @throws UsageError where none does
 */
export async function baseline(lab: Lab): Promise<string> {
  await lab.bench.heal();
  const silent: string[] = [];
  let best: Reaching | null = null;
  for (const kind of lab.bench.kinds) {
    lab.facts.kind = kind;
    lab.forget();
    const calls = [];
    for (let i = 0; i < CALLS; i++) calls.push(await lab.call());
    const reached = calls.filter(({ attempts, reply }) => attempts.length > 0 && reply.ok);
    const parts = reached.length < CALLS ? 0 : (lab.bench.learn?.(kind) ?? 1);
    if (parts === 0) {
      const why =
        reached.length < CALLS
          ? `${reached.length} of ${CALLS} were answered over it`
          : 'no two do the same there';
      silent.push(`${kind}: ${why}`);
      continue;
    }
    const asked = calls.map(({ attempts }) => attempts[0]?.call);
    lab.facts.callsDiffer = new Set(asked).size === asked.length;
    const healthyMs = median(calls.map(({ reply }) => reply.endMs - reply.startMs));
    const counts = calls.map(({ attempts }) => attempts.length);
    const says = `${kind}: ${Math.min(...counts)} to ${Math.max(...counts)} exchanges a request, ${healthyMs.toFixed(1)} ms`;
    if (best === null || parts < best.parts) best = { kind, parts, healthyMs, says };
    if (parts === 1) break;
  }
  if (best === null)
    throw new UsageError(
      `no kind of request reaches ${lab.bench.link} each time it is sent with a new key (${silent.join('; ')}); ` +
        'give the requests of the config a {{key}} in what is asked, so that no cache answers them' +
        (lab.ways.hint === undefined ? '' : `; ${lab.ways.hint}`),
    );
  if (best.kind !== lab.facts.kind) lab.forget();
  lab.facts.kind = best.kind;
  lab.facts.parts = best.parts;
  lab.facts.healthyMs = best.healthyMs;
  return best.says;
}

/** Another replica of the same service: its first calls may take longer, and what calls do on its link is to be learnt. */
export async function warmUp(lab: Lab): Promise<void> {
  await lab.bench.heal();
  for (let i = 0; i < CALLS; i++) await lab.call();
  lab.bench.learn?.(lab.facts.kind);
  lab.forget();
}
