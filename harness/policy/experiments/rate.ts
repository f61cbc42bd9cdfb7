/**
 * Whether calls are kept away by their number alone, while all is well: a rate limit. Only one that so many calls in a
 * row run into is found; what a longer period allows is not looked for.
 */
import type { QuantityName } from '../../model/measured.ts';
import type { Ms } from '../../model/time.ts';
import { type Lab, median } from '../lab.ts';
import type { Call } from '../notebook.ts';

/** Good calls before the row, and how long they are waited for. */
const CALM_CALLS = 12;
const CALM_MS_MAX: Ms = 6_000;
/** Calls in a row: more than any other experiment makes. */
export const RATE_CALLS_MAX = 60;
/** And no more than take so long. */
const ROW_MS_MAX: Ms = 1_500;
/** So many in a row of which each waited for its attempt longer than this, and twice as long as a call takes, are made to wait. */
const WAITING_CALLS = 8;
const WAIT_MS: Ms = 15;
/** How long one is watched that turns calls away, and how often it is asked meanwhile. */
const WATCH_MS: Ms = 8_000;
const LOOK_MS: Ms = 50;
/** Looks at one that turns calls away, at most. */
export const RATE_LOOKS_MAX = (WATCH_MS + CALM_MS_MAX) / LOOK_MS;
/** So often it must have let calls through again before its rate is told. */
const BATCHES_MIN = 3;
const BATCHES_ENOUGH = 6;
/** And for so long: the ends of the span are known no better than it was looked for. */
const SPAN_MS_ENOUGH: Ms = 2_000;

const NAME = 'good calls, one after the other';

/** Calls that were let through between two that were not. */
interface Batch {
  startMs: Ms;
  count: number;
}

export async function rateLimit(lab: Lab): Promise<string> {
  await calm(lab);
  const row = await inARow(lab);
  const tookMs = (row.at(-1)?.reply.endMs ?? 0) - (row[0]?.reply.startMs ?? 0);
  if (areMadeToWait(lab, row)) {
    const starts = row.slice(-WAITING_CALLS).map(startOf);
    const gapMs = median(starts.slice(1).map((startMs, i) => startMs - (starts[i] ?? 0)));
    const slackMs = 2 * lab.facts.errorMs;
    lab.facts.isRateLimited = true;
    lab.know('rateLimit', 1_000 / gapMs, {
      low: 1_000 / (gapMs + slackMs),
      high: 1_000 / Math.max(1, gapMs - slackMs),
      observations: row.length,
      experiment: NAME,
    });
    return `calls are made to wait for each other, ${gapMs.toFixed(0)} ms`;
  }
  const through = row.filter(({ attempts }) => attempts.length > 0).length;
  if (through === row.length) {
    const says = `${row.length} within ${tookMs.toFixed(0)} ms were all let through`;
    lab.know('rateLimit', null, { observations: row.length, experiment: `${NAME}: ${says}` });
    return says;
  }
  const batches = await watch(lab);
  const [first] = batches;
  const last = batches.at(-1);
  const says = `kept away after ${through} in a row`;
  if (last !== undefined && last.count >= RATE_CALLS_MAX) {
    lab.dontKnow('rateLimit', `good calls were ${says}, and then let through: by what is not told`);
    return says;
  }
  // What lets nothing through any more is no limit, and where not even the first went through it may be a breaker.
  lab.facts.isRateLimited = batches.length >= (through === 0 ? BATCHES_MIN : 1);
  if (first === undefined || last === undefined || batches.length < BATCHES_MIN) {
    lab.dontKnow(
      'rateLimit',
      `good calls were ${says}, and let through ${batches.length} times in ${WATCH_MS} ms`,
    );
    return says;
  }
  const count = batches.slice(0, -1).reduce((sum, batch) => sum + batch.count, 0);
  const spanMs = last.startMs - first.startMs;
  // Each end of the span is known as well as it was looked for.
  const slackMs = 2 * (LOOK_MS + lab.facts.healthyMs) + lab.facts.errorMs;
  lab.know('rateLimit', (1_000 * count) / spanMs, {
    low: (1_000 * count) / (spanMs + slackMs),
    high: (1_000 * count) / Math.max(1, spanMs - slackMs),
    observations: row.length + count,
    experiment: NAME,
  });
  return `${says}, then ${count} let through in ${spanMs.toFixed(0)} ms`;
}

/**
 * Waits for so many good calls in a row: a breaker that remembers, when it closes, what has tripped it may open again
 * at once. A limit may never let so many through, and is not waited for.
 */
async function calm(lab: Lab): Promise<void> {
  const untilMs = lab.bench.now() + CALM_MS_MAX;
  await lab.bench.heal();
  for (let good = 0; good < CALM_CALLS && lab.bench.now() < untilMs; ) {
    const { attempts } = await lab.call();
    good = attempts.length > 0 ? good + 1 : 0;
    if (good === 0) await lab.bench.wait(LOOK_MS);
  }
}

/** Good calls until one is kept away, several in a row have waited, or there were enough. */
async function inARow(lab: Lab): Promise<Call[]> {
  const row: Call[] = [];
  const untilMs = lab.bench.now() + ROW_MS_MAX;
  do row.push(await lab.call());
  while (
    row.at(-1)?.attempts.length !== 0 &&
    !areMadeToWait(lab, row) &&
    row.length < RATE_CALLS_MAX &&
    lab.bench.now() < untilMs
  );
  return row;
}

function areMadeToWait(lab: Lab, row: readonly Call[]): boolean {
  const last = row.slice(-WAITING_CALLS);
  const longMs = 2 * lab.facts.healthyMs + WAIT_MS;
  return last.length === WAITING_CALLS && last.every((call) => startOf(call) - call.reply.startMs > longMs);
}

function startOf({ attempts }: Call): Ms {
  return attempts[0]?.startMs ?? Number.NaN;
}

/** What is let through again, by and by. */
async function watch(lab: Lab): Promise<Batch[]> {
  const batches: Batch[] = [];
  const untilMs = lab.bench.now() + WATCH_MS;
  let isBatch = false;
  const spanMs = (): Ms => (batches.at(-1)?.startMs ?? 0) - (batches[0]?.startMs ?? 0);
  while (
    lab.bench.now() < untilMs &&
    (batches.at(-1)?.count ?? 0) < RATE_CALLS_MAX &&
    (batches.length < BATCHES_ENOUGH || spanMs() < SPAN_MS_ENOUGH)
  ) {
    const call = await lab.call();
    const isThrough = call.attempts.length > 0;
    const batch = batches.at(-1);
    if (!isThrough) await lab.bench.wait(LOOK_MS);
    else if (isBatch && batch !== undefined) batch.count++;
    else batches.push({ startMs: startOf(call), count: 1 });
    isBatch = isThrough;
  }
  return batches;
}

/** Kept away by a rate limit, calls look as if a breaker, a bulkhead or a fallback were at work. */
export function withoutWhatLooksAlike(lab: Lab): void {
  const why = 'good calls are kept away too, by a rate limit, and nobody knows which of the two it was';
  const groups = ['breaker.', 'bulkhead.', 'fallback.', 'rejection.'];
  for (const name of Object.keys(lab.findings) as QuantityName[])
    if (groups.some((group) => name.startsWith(group))) lab.dontKnow(name, why);
  for (const row of Object.values(lab.matrix))
    if (row !== undefined) Object.assign(row, { counts: null, why });
}
