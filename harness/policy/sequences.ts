/** Sequences of good and failed calls, and which of them tells most about the hypotheses left. */
import type { Ms } from '../model/time.ts';
import { Replay } from './replay.ts';
import { type Costs, type Hypothesis, lastMs, type Seen, type Sequence, type Step } from './story.ts';

const F: Step = { failures: Number.POSITIVE_INFINITY };
const S: Step = { failures: 0 };
const times = (count: number, ...steps: Step[]): Step[] => Array.from({ length: count }, () => steps).flat();
const FAILURES_MAX = 60;

/** Sequences worth running. `tripCalls`: failed calls that tripped it from clean. */
export function candidates(
  tripCalls: number,
  attemptsOfFailure: number,
  pauseMsMax: Ms,
): { name: string; sequence: Sequence }[] {
  const n = tripCalls;
  const all: { name: string; sequence: Sequence }[] = [];
  const add = (name: string, sequence: Sequence): number => all.push({ name, sequence });
  for (const k of [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 65, 90])
    add(`${k} well, then failures`, [...times(k, S), ...times(Math.min(FAILURES_MAX, 3 * n + 3 * k + 3), F)]);
  if (n > 1)
    add(`${n - 1} failures and one well, again and again`, [
      ...times(4, ...times(n - 1, F), S),
      ...times(n - 1, F),
    ]);
  // Fewer failures than trip it, but a large share of few calls.
  for (const k of [1, 2, 3, 4, 5])
    if (n > 3) add(`${n - 2} failures, ${k} well, a failure`, [...times(n - 2, F), ...times(k, S), F, S]);
  add('failure and well in turn', times(Math.min(30, 2 * n + 4), F, S));
  add('two well and a failure in turn', times(Math.min(20, 2 * n + 4), S, S, F));
  for (const k of [1, 2, 4, 8, 16, 32, 64, 95])
    if (n > 1) add(`${n - 1} failures, ${k} well, a failure`, [...times(n - 1, F), ...times(k, S), F]);
  for (let failures = 1; failures < attemptsOfFailure; failures++)
    add(`calls that are well after ${failures} failures`, times(n + 3, { failures }));
  for (const pauseMs of PAUSES_MS) {
    if (pauseMs > pauseMsMax) break;
    for (let failures = 1; failures < attemptsOfFailure; failures++)
      add(`a call that is well after ${failures} failures, ${pauseMs} ms, failures`, [
        { failures },
        { pauseMs },
        ...times(n + 2, F),
      ]);
    if (n > 1)
      add(`${n - 1} failures, ${pauseMs} ms, failures`, [
        ...times(n - 1, F),
        { pauseMs },
        ...times(Math.min(FAILURES_MAX, n + 3), F),
      ]);
    for (const k of [5, 10, 20])
      add(`${k} well, ${pauseMs} ms, failures`, [
        ...times(k, S),
        { pauseMs },
        ...times(Math.min(FAILURES_MAX, 3 * n + 2 * k + 3), F),
      ]);
  }
  return all;
}

const PAUSES_MS: readonly Ms[] = [
  300, 600, 1_200, 1_800, 2_500, 3_500, 5_000, 7_000, 9_000, 12_000, 18_000, 25_000,
];

/** How many hypotheses are asked for their predictions; of more, an even sample. */
export const ASKED_MAX = 120;
const AGREEING_MAX = 40;
/** A sequence that has been run so often tells nothing new. */
const REPEATS_MAX = 1;

/** Where the search stands. */
export interface Situation {
  /** What the breaker has lived through; hypotheses that disagree with it are asked all the same. */
  story: readonly Seen[];
  /** Failed calls that tripped it from clean. */
  tripCalls: number;
  attemptsOfFailure: number;
  pauseMsMax: Ms;
  costs: Costs;
  /** Names of the sequences that have been run. */
  ran: readonly string[];
}

/** The sequence that tells most for its cost; null: all that are left predict the same of each. */
export function mostTelling(
  hypotheses: readonly Hypothesis[],
  now: Situation,
  askedMax: number = ASKED_MAX,
): { name: string; sequence: Sequence } | null {
  const asked = sample(hypotheses, askedMax);
  return mostTellingOf(asked, [], now);
}

/**
 * The sequence that would show best that none of those left is right: they agree on it, and rivals that have been
 * dropped did not. A breaker that none of them describes may have agreed with one of them by chance so far.
 */
export function mostDoubtful(
  left: readonly Hypothesis[],
  dropped: readonly Hypothesis[],
  now: Situation,
): { name: string; sequence: Sequence } | null {
  const agreeing = sample(left, AGREEING_MAX);
  const rivals = sample(dropped, ASKED_MAX);
  return mostTellingOf(rivals, agreeing, now);
}

/** @param agreeing only what these all predict the same of, and with certainty */
function mostTellingOf(
  asked: readonly Hypothesis[],
  agreeing: readonly Hypothesis[],
  now: Situation,
): { name: string; sequence: Sequence } | null {
  const { story, tripCalls, attemptsOfFailure, pauseMsMax, costs, ran } = now;
  const weights = weightsOf(asked);
  const after = (hypothesis: Hypothesis): Replay => {
    const replay = new Replay(hypothesis);
    replay.liveThrough(story);
    return replay;
  };
  const replays = asked.map(after);
  const settled = agreeing.map(after);
  const fromMs = lastMs(story);
  let best: { name: string; sequence: Sequence } | null = null;
  let bestWorth = 0;
  for (const candidate of candidates(tripCalls, attemptsOfFailure, pauseMsMax)) {
    if (ran.filter((name) => name === candidate.name).length >= REPEATS_MAX) continue;
    // One experiment must not take the time of all.
    if (costOf(candidate.sequence, costs) > 2 * pauseMsMax) continue;
    const agreed = new Set(
      settled.map((replay) => replay.predict(candidate.sequence, attemptsOfFailure, costs, fromMs)),
    );
    if (agreed.size > 1 || agreed.has('either')) continue;
    const shares = new Map<string, number>();
    replays.forEach((replay, i) => {
      const predicted = replay.predict(candidate.sequence, attemptsOfFailure, costs, fromMs);
      if (predicted !== 'either') shares.set(predicted, (shares.get(predicted) ?? 0) + (weights[i] ?? 0));
    });
    if (shares.size < 2) continue;
    const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const tripShare = 1 - (shares.get('none') ?? 0) / total;
    const worth =
      entropy([...shares.values()]) / (costOf(candidate.sequence, costs) + tripShare * costs.recoveryMs);
    if (worth > bestWorth) [best, bestWorth] = [candidate, worth];
  }
  return best;
}

/** An even sample of each kind: of some there are thousands, of others three. */
function sample(all: readonly Hypothesis[], max: number): Hypothesis[] {
  if (all.length <= max) return [...all];
  const groups = [...Map.groupBy(all, keyOf).values()];
  const share = Math.ceil(max / groups.length);
  return groups.flatMap((group) =>
    group.length <= share
      ? group
      : Array.from({ length: share }, (_, i) => group[Math.floor((i * group.length) / share)] as Hypothesis),
  );
}

function keyOf({ rule, unit }: Hypothesis): string {
  return `${rule.kind} ${unit}`;
}

/** Each kind counts as much as another, however many parameters it has. */
function weightsOf(hypotheses: readonly Hypothesis[]): number[] {
  const counts = new Map<string, number>();
  for (const hypothesis of hypotheses)
    counts.set(keyOf(hypothesis), (counts.get(keyOf(hypothesis)) ?? 0) + 1);
  return hypotheses.map((hypothesis) => 1 / (counts.get(keyOf(hypothesis)) ?? 1) / counts.size);
}

function entropy(shares: readonly number[]): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return -shares.reduce((sum, share) => sum + (share / total) * Math.log2(share / total), 0);
}

function costOf(sequence: Sequence, costs: Costs): Ms {
  return sequence.reduce(
    (sum, step) => sum + ('pauseMs' in step ? step.pauseMs : step.failures === 0 ? costs.okMs : costs.failMs),
    0,
  );
}
