/**
 * Whether the breaker counts calls or attempts, where sequences cannot tell: so many calls at once that their
 * first attempts alone would trip a breaker that counts attempts. It then stops the second ones; one that counts
 * calls sees no call over before all have made their last attempt.
 */
import type { Lab } from '../lab.ts';
import type { Trip } from './trip.ts';

const NAME = 'failed calls at once';

export async function unit(lab: Lab, shape: Trip['shape'], tripAttempts: number): Promise<string> {
  const perCall = lab.attemptsOfFailure;
  if (lab.findings['breaker.counts'] !== undefined || perCall < 2) return 'told already';
  const count = tripAttempts;
  if (count > lab.limits.burstMax) {
    const why = `${count} calls at once would be needed, and ${lab.limits.burstMax} are allowed`;
    lab.dontKnow('breaker.counts', why);
    return why;
  }
  if ((await lab.arm(shape)) !== null) return 'not possible';
  const fromMs = lab.bench.now();
  await Promise.all(Array.from({ length: count }, () => lab.bench.ask(lab.kind).reply));
  const seen = await lab.since(fromMs);
  const attempts = seen.length;
  const reached = new Set(seen.map(({ call }) => call)).size;
  await lab.restore(6);
  const says = `${count} failed calls at once made ${attempts} attempts`;
  if (reached < count) {
    // Something else than the breaker kept some of them away.
    lab.dontKnow('breaker.counts', `${says}, but only ${reached} of them reached the link`);
    return says;
  }
  const evidence = { observations: count, experiment: NAME };
  // Calls that were let in before the trip may still have an attempt under way.
  if (attempts <= count * 1.25) lab.know('breaker.counts', 'attempts', evidence);
  else if (attempts >= count * perCall * 0.85) lab.know('breaker.counts', 'calls', evidence);
  else lab.dontKnow('breaker.counts', says);
  return says;
}
