/**
 * Tells kinds of breakers apart. Every rule that could have done what was seen is a hypothesis; each
 * experiment is chosen because the hypotheses left predict different outcomes of it, and those that
 * were wrong are dropped. What all that are left agree on is known, the rest is not.
 * (Version spaces: T. Mitchell, Artificial Intelligence 18, 1982.)
 */
import type { Ms } from '../model/time.ts';
import { surviving } from './replay.ts';
import type { RuleSpec } from './rules.ts';
import type { Hypothesis, OnClose, Seen, Unit } from './story.ts';

const WINDOW_CALLS_MAX = 100;
const MINIMUM_CALLS_MAX = 60;
/** Rates that people write: steps of 2.5 %, and thirds. */
const RATES = [...Array.from({ length: 40 }, (_, i) => (i + 1) * 0.025), 1 / 3, 2 / 3];
/** Each longer than the one before by less than a bucket, so that none falls between them: 0.2 s to 5 min. */
const WINDOWS_MS: readonly Ms[] = Array.from({ length: 42 }, (_, i) => Math.round(200 * 1.195 ** i));

/** Every hypothesis that can have tripped where the first trip was. */
export function hypothesesFor(
  story: readonly Seen[],
  units: readonly Unit[] = ['calls', 'attempts'],
): Hypothesis[] {
  const hasSurplus = story.some(({ what }) => what === 'surplus');
  const all: Hypothesis[] = [];
  for (const unit of units)
    for (const { rule, rates } of rulesFor(story, unit))
      for (const onClose of ON_CLOSE)
        for (const countsSurplus of hasSurplus ? [true, false] : [false])
          if (mayBe(onClose, rule))
            all.push({ rule, unit, onClose, countsSurplus, ...(rates === undefined ? {} : { rates }) });
  return surviving(all, story);
}

const ON_CLOSE: readonly OnClose[] = [
  'clears',
  'clears-but-probe',
  'keeps',
  'keeps-with-probes',
  'keeps-all',
];

/** Whether it makes a difference; rejected calls are known to count in rolling windows of time alone. */
function mayBe(onClose: OnClose, rule: RuleSpec): boolean {
  if (onClose === 'keeps-all') return rule.kind === 'time-window';
  // A success means nothing to a fresh rule that is not about shares or places in a window.
  return onClose !== 'clears-but-probe' || 'rate' in rule || rule.kind === 'failures-in-calls';
}

interface Candidate {
  rule: RuleSpec;
  rates?: { low: number; high: number };
}

function rulesFor(story: readonly Seen[], unit: Unit): Candidate[] {
  const timed = firstTrip(story, unit);
  if (timed === null) return [];
  const outcomes = timed.map(({ ok }) => ok);
  const failures = outcomes.filter((ok) => !ok).length;
  const specs: RuleSpec[] = [];
  const shares = new Map<string, Required<Candidate>>();
  for (let n = 1; n <= failures; n++)
    specs.push({ kind: 'consecutive', failures: n }, { kind: 'leaky', failures: n });
  // Where the window is just large enough it reaches back to the first failure.
  const span = outcomes.length - outcomes.indexOf(false);
  for (let windowCalls = span; windowCalls <= WINDOW_CALLS_MAX; windowCalls++)
    specs.push({ kind: 'failures-in-calls', windowCalls, failures });
  const windows = WINDOWS_MS.map((windowMs) => ({ windowMs, ...heldBy(windowMs, timed) }));
  for (const { windowMs, from, tookMs } of [
    ...windows,
    { windowMs: Number.POSITIVE_INFINITY, ...heldBy(Number.POSITIVE_INFINITY, timed) },
  ]) {
    const most = outcomes.slice(from).filter((ok) => !ok).length;
    for (let n = windowMs < tookMs ? 1 : most; n <= most; n++)
      specs.push({ kind: 'failures-in-time', windowMs, failures: n });
  }
  const beginnings = new Map(windows.map(({ from }) => [from, outcomes.slice(from)]));
  for (const rate of RATES) {
    for (const strict of [false, true]) {
      for (let minimumCalls = 1; minimumCalls <= MINIMUM_CALLS_MAX; minimumCalls++) {
        const trips = new Set<number>();
        for (const [from, held] of beginnings)
          if (tripsLast(held, Number.POSITIVE_INFINITY, minimumCalls, rate, strict)) trips.add(from);
        for (const { windowMs, from, tookMs } of windows)
          if (trips.has(from) || windowMs < tookMs)
            specs.push({ kind: 'time-window', windowMs, minimumCalls, rate, strict });
        for (let windowCalls = minimumCalls; windowCalls <= WINDOW_CALLS_MAX; windowCalls++)
          if (tripsLast(outcomes, windowCalls, minimumCalls, rate, strict)) {
            const key = `${windowCalls} ${minimumCalls} ${tripsAt(windowCalls, minimumCalls, rate, strict)}`;
            const same = shares.get(key);
            if (same === undefined)
              shares.set(key, {
                rule: { kind: 'count-window', windowCalls, minimumCalls, rate, strict },
                rates: { low: rate, high: rate },
              });
            else {
              same.rates.low = Math.min(same.rates.low, rate);
              same.rates.high = Math.max(same.rates.high, rate);
            }
          }
      }
    }
  }
  return [...specs.map((rule) => ({ rule })), ...shares.values()];
}

/**
 * What a window of time can hold at the first trip: outcomes from an index on, before which there was a pause that
 * nothing outlasts, and how long they took. Of a window that is shorter than that the first may be out again.
 */
function heldBy(windowMs: Ms, timed: readonly Timed[]): { from: number; tookMs: Ms } {
  const endOf = (i: number): Ms => timed[i]?.endMs ?? 0;
  let from = timed.length - 1;
  while (from > 0 && endOf(from) - endOf(from - 1) <= windowMs) from--;
  return { from, tookMs: endOf(timed.length - 1) - endOf(from) };
}

/** How many failures it takes at each number of calls: rates for which these are the same are one rule. */
function tripsAt(windowCalls: number, minimumCalls: number, rate: number, strict: boolean): string {
  const least: number[] = [];
  for (let total = minimumCalls; total <= windowCalls; total++)
    least.push(Math.max(1, strict ? Math.floor(rate * total + 1e-9) + 1 : Math.ceil(rate * total - 1e-9)));
  return least.join();
}

interface Timed {
  ok: boolean;
  endMs: Ms;
}

/** Outcomes up to the first trip; null: there was none, or calls ran at once before it. */
function firstTrip(story: readonly Seen[], unit: Unit): Timed[] | null {
  const outcomes: Timed[] = [];
  for (const seen of story) {
    if (seen.what === 'rejected') continue;
    if (seen.what !== 'call') return null;
    outcomes.push(...(unit === 'calls' ? [seen] : seen.attempts));
    if (seen.tripped === true) return outcomes;
  }
  return null;
}

/** Whether a share among the last calls is first exceeded at the last outcome; much faster than a rule. */
function tripsLast(
  outcomes: readonly boolean[],
  windowCalls: number,
  minimumCalls: number,
  rate: number,
  strict: boolean,
): boolean {
  let failed = 0;
  for (let i = 0; i < outcomes.length; i++) {
    if (outcomes[i] === false) failed++;
    if (i >= windowCalls && outcomes[i - windowCalls] === false) failed--;
    if (outcomes[i] === true) continue;
    const total = Math.min(i + 1, windowCalls);
    const over = failed / total - rate;
    const trips = total >= minimumCalls && (strict ? over > 1e-9 : over >= -1e-9);
    if (trips !== (i === outcomes.length - 1)) return false;
  }
  return true;
}
