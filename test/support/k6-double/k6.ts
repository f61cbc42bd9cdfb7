/**
 * A double of the k6 command, for tests: it is NOT k6 and shares no line with it. It runs a script the way
 * k6's documentation says (init, setup, arrival-rate executors over virtual users, JSON output, exit codes),
 * with one thread per virtual user, and refuses what our scripts do not use. What k6 itself does it cannot prove.
 */
import path from 'node:path';
import type { K6Scenario } from '../../../harness/load/k6/executor.ts';
import { Output } from './output.ts';
import { VirtualUser } from './virtual-user.ts';

const [command, ...args] = process.argv.slice(2);
if (command === 'version') console.log('k6 v99.0.0 (a test double, not k6)');
else if (command === 'run') process.exit(await run(args));
else process.exit(255);

async function run(flags: string[]): Promise<number> {
  const out = flags[flags.indexOf('--out') + 1] ?? '';
  const script = path.resolve(flags.at(-1) ?? '');
  const output = new Output(out.replace(/^json=/, ''));
  let isStopped = false;
  process.once('SIGTERM', () => {
    isStopped = true;
  });
  const first = await VirtualUser.open(script, output);
  const { scenarios, thresholds } = first.options;
  const { traffic } = scenarios;
  const users = [first];
  while (users.length < traffic.preAllocatedVUs && !isStopped)
    users.push(await VirtualUser.open(script, output));
  const data = await first.setUp();
  await pause(ms(traffic.startTime));

  const startMs = performance.now();
  let inTest = 0;
  for (const tickMs of ticks(traffic)) {
    while (performance.now() - startMs < tickMs && !isStopped)
      await pause(Math.min(10, tickMs - (performance.now() - startMs)));
    if (isStopped) break;
    const idle = users.find(({ isIdle }) => isIdle);
    if (idle === undefined) output.point('dropped_iterations', 'counter', 1, { scenario: 'traffic' });
    else idle.iterate(inTest++, data);
  }
  const endMs = performance.now() + ms(traffic.gracefulStop);
  while (users.some(({ isIdle }) => !isIdle) && performance.now() < endMs && !isStopped) await pause(5);
  if (isStopped) return 105;
  const crossed = output.crossed(thresholds);
  if (crossed.length > 0)
    console.error(`level=error msg="thresholds have been crossed: ${crossed.join('; ')}"`);
  return crossed.length > 0 ? 99 : 0;
}

/** When the executor starts iterations; the first at once, as k6's constant one does. */
function* ticks(traffic: K6Scenario): Generator<number> {
  const unitMs = ms(traffic.timeUnit);
  if (traffic.executor === 'constant-arrival-rate') {
    for (let n = 0; (n * unitMs) / traffic.rate < ms(traffic.duration); n++)
      yield (n * unitMs) / traffic.rate;
    return;
  }
  const STEP_MS = 0.1;
  let from = traffic.startRate;
  let beforeMs = 0;
  let started = 0;
  let sum = 0;
  for (const { target, duration } of traffic.stages) {
    for (let atMs = 0; atMs < ms(duration); atMs += STEP_MS) {
      sum += ((from + ((target - from) * atMs) / ms(duration)) * STEP_MS) / unitMs;
      if (sum < started + 1) continue;
      started++;
      yield beforeMs + atMs;
    }
    from = target;
    beforeMs += ms(duration);
  }
}

function ms(duration: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(duration) ?? [];
  if (number === undefined) throw new Error(`the double knows no duration like ${duration}`);
  return Number(number) * (unit === 's' ? 1_000 : 1);
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
