/** Attempts of one failed call, and the law of the gaps between them. */
import { fitBackoff } from '../backoff.ts';
import type { Shape } from '../bench.ts';
import type { Call, Lab } from '../lab.ts';

const NAME = 'calls that fail throughout';

/** Gaps between attempts of a call: from the end of one to the start of the next. */
export function gapsOf({ attempts }: Call): number[] {
  return attempts.slice(1).map(({ startMs }, i) => startMs - (attempts[i]?.endMs ?? startMs));
}

/** What calls that failed throughout say of the number of attempts. `tripped`: the last of them tripped the breaker. */
export function attemptsOf(lab: Lab, first: readonly Call[], tripped: boolean): Call[] {
  // The last call before a trip may have been cut off by it.
  const whole = tripped ? first.slice(0, -1) : [...first];
  lab.attemptsOfFailure = Math.max(
    1,
    ...(whole.length === 0 ? first : whole).map((call) => call.attempts.length),
  );
  note(lab, whole);
  return whole;
}

function note(lab: Lab, calls: readonly Call[]): void {
  const counts = calls.map((call) => call.attempts.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const observations = counts.length;
  if (observations === 0) lab.dontKnow('retry.attempts', FIRST_TRIPS);
  else if (least === most)
    lab.know('retry.attempts', most, { low: most, high: most, observations, experiment: NAME });
  else
    lab.dontKnow(
      'retry.attempts',
      `from ${least} to ${most} in ${observations} calls: something else than a number ends them`,
    );
}

const FIRST_TRIPS = 'the first failed call trips the breaker, so no call is seen to its end';

/**
 * The law of the gaps. Samples more calls where the breaker allows it.
 * @param whole calls that failed throughout, without one that a trip has cut off
 * @param tripCalls failed calls that trip the breaker; null: none does
 */
export async function retries(
  lab: Lab,
  shape: Shape,
  whole: readonly Call[],
  tripCalls: number | null,
): Promise<string> {
  if (whole.length === 0) {
    for (const name of ['retry.backoff', 'retry.baseMs', 'retry.jitter'] as const)
      lab.dontKnow(name, FIRST_TRIPS);
    return FIRST_TRIPS;
  }
  const calls = [...whole];
  const most = Math.max(...calls.map((call) => call.attempts.length));
  if (most === 1) {
    lab.know('retry.backoff', 'none', { observations: calls.length, experiment: NAME });
    for (const name of [
      'retry.baseMs',
      'retry.factor',
      'retry.capMs',
      'retry.jitter',
      'retry.jitterShare',
    ] as const)
      lab.dontKnow(name, 'nothing is tried again');
    return `one attempt in each of ${calls.length} calls`;
  }
  if (calls.length < lab.limits.retrySamples && (tripCalls ?? Number.POSITIVE_INFINITY) > 1)
    calls.push(...(await sample(lab, shape, lab.limits.retrySamples - calls.length)));
  note(lab, calls);
  const complete = calls.filter((call) => call.attempts.length === most);
  if (complete.length === 0) return 'no call was seen to its end';
  const gaps = Array.from({ length: most - 1 }, (_, i) =>
    complete.map((call) => gapsOf(call)[i] ?? Number.NaN),
  );
  const fitted = fitBackoff(gaps, lab.errorMs);
  for (const [name, finding] of Object.entries(fitted.findings))
    lab.findings[name as keyof typeof fitted.findings] = finding.known
      ? { ...finding, experiment: NAME }
      : finding;
  return `${most} attempts; ${fitted.says}`;
}

/** More failed calls, each on its own between good ones, so that no breaker trips. */
async function sample(lab: Lab, shape: Shape, count: number): Promise<Call[]> {
  const calls: Call[] = [];
  for (let i = 0; i < count; i++) {
    await lab.restore(3);
    if ((await lab.arm(shape)) !== null) break;
    const call = await lab.call();
    if (call.attempts.length > 0) calls.push(call);
  }
  await lab.restore();
  // One that a trip has cut off says nothing of the number.
  const most = Math.max(1, ...calls.map((call) => call.attempts.length));
  return calls.filter((call) => call.attempts.length === most);
}
