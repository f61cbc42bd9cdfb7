/**
 * Whether the breaker counts calls or attempts, where sequences cannot tell: so many calls at once that their
 * first attempts alone would trip a breaker that counts attempts. It then stops the second ones; one that counts
 * calls sees no call over before all have made their last attempt. Leaves it open.
 */
import type { Lab } from '../lab.ts';
import type { Trip } from './trip.ts';

const NAME = 'failed calls at once';
/** Good calls after which one that a close does not clear has nothing left to count. */
export const GOOD = 6;

/** @param tripAttempts failed attempts that trip it, one call after the other; 0: only calls at once do */
export async function unit(lab: Lab, shape: Trip['shape'], tripAttempts: number): Promise<string> {
  const perCall = lab.facts.attemptsOfFailure;
  if (lab.findings['breaker.counts'] !== undefined || perCall < 2) return 'told already';
  if (tripAttempts === 0) {
    const why = 'failed calls in turn come too slowly to trip it, so how many it takes is not known';
    lab.dontKnow('breaker.counts', why);
    return why;
  }
  // What cannot come at once comes before, one call after the other.
  const atOnce = Math.min(tripAttempts, lab.facts.room);
  const before = Math.ceil((tripAttempts - atOnce) / perCall);
  if (before * perCall >= tripAttempts || atOnce < perCall) {
    const why = `${tripAttempts} attempts at once would be needed, and ${lab.facts.room} calls are let through`;
    lab.dontKnow('breaker.counts', why);
    return why;
  }
  // From here on no rule can be asked what it makes of it.
  return lab.inFog(() => together(lab, shape, tripAttempts, { before, atOnce }));
}

async function together(
  lab: Lab,
  shape: Trip['shape'],
  tripAttempts: number,
  { before, atOnce }: { before: number; atOnce: number },
): Promise<string> {
  const perCall = lab.facts.attemptsOfFailure;
  if ((await lab.arm(shape)) !== null) return 'not possible';
  for (let i = 0; i < before; i++) await lab.call();
  const fromMs = lab.bench.now();
  await Promise.all(Array.from({ length: atOnce }, () => lab.bench.ask(lab.facts.kind).reply));
  const seen = await lab.since(fromMs);
  const attempts = seen.length;
  const calls = seen.map(({ call }) => call);
  const reached = new Set(calls).size;
  const says = `${before === 0 ? '' : `${before} failed calls in turn, then `}${atOnce} failed calls at once made ${attempts} attempts`;
  if (calls.includes(null)) {
    lab.dontKnow('breaker.counts', `${says}, and nothing on this link tells whose they were`);
    return says;
  }
  if (reached < atOnce) {
    // Something else than the breaker kept some of them away: fewer at once, and more before.
    if (reached > 0 && reached < lab.facts.room) {
      lab.facts.room = reached;
      await lab.restore(GOOD);
      return unit(lab, shape, tripAttempts);
    }
    lab.dontKnow('breaker.counts', `${says}, but only ${reached} of them reached the link`);
    return says;
  }
  const evidence = { observations: before + atOnce, experiment: NAME };
  // The second attempts of all but the last may have begun before its first one failed; of two, those are nearly all.
  const countedMax = perCall > 2 ? 2 * atOnce - 1 : 1.25 * atOnce;
  if (attempts <= countedMax) lab.know('breaker.counts', 'attempts', evidence);
  else if (attempts >= atOnce * perCall * 0.85) lab.know('breaker.counts', 'calls', evidence);
  else lab.dontKnow('breaker.counts', says);
  return says;
}
