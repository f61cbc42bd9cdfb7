/** Sequences of good and failed calls, and which of them tells most about the hypotheses left. */
import type { Ms } from '../model/time.ts';
import { Replay } from './replay.ts';
import { type Costs, type Hypothesis, lastMs, type Seen, type Sequence, type Step } from './story.ts';

const F: Step = { failures: Number.POSITIVE_INFINITY };
const S: Step = { failures: 0 };
const times = (count: number, ...steps: Step[]): Step[] => Array.from({ length: count }, () => steps).flat();
const FAILURES_MAX = 60;

/** Values at which the rules that are left differ: candidates between the fixed steps. */
export interface Hints {
  calls: readonly number[];
  pausesMs: readonly Ms[];
  /** A share of the time that it was open. */
  leadMs: Ms;
  /** Whether windows of time or calls matter is about all that is left to tell. */
  isAboutTime: boolean;
}

const LEAD_SHARE = 0.3;
const FEW_KINDS = 3;

/** Quarters of the sizes that windows may still have. @param recoveryMs from a trip to closed again */
export function hintsOf(hypotheses: readonly Hypothesis[], recoveryMs: Ms): Hints {
  const calls = hypotheses.flatMap(({ rule }) => ('windowCalls' in rule ? [rule.windowCalls] : []));
  const windows = hypotheses.flatMap(({ rule }) =>
    'windowMs' in rule && Number.isFinite(rule.windowMs) ? [rule.windowMs] : [],
  );
  const kinds = new Set(hypotheses.map(({ rule }) => rule.kind));
  const isTime = new Set(hypotheses.map(({ rule }) => 'windowMs' in rule));
  return {
    calls: quarters(calls),
    pausesMs: quarters(windows),
    leadMs: Math.round(LEAD_SHARE * recoveryMs),
    isAboutTime: kinds.size <= FEW_KINDS && isTime.size === 2,
  };
}

function quarters(values: readonly number[]): number[] {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].flatMap((share) => sorted[Math.floor(share * sorted.length)] ?? []);
}

const unique = (values: readonly number[], max: number): number[] =>
  [...new Set(values.map(Math.round))].filter((value) => value > 0 && value <= max).sort((a, b) => a - b);

/** Sequences worth running. `tripCalls`: failed calls that tripped it from clean. */
export function candidates(
  tripCalls: number,
  attemptsOfFailure: number,
  pauseMsMax: Ms,
  hints: Hints,
): { name: string; sequence: Sequence }[] {
  const n = tripCalls;
  const all: { name: string; sequence: Sequence }[] = [];
  const add = (name: string, sequence: Sequence): number => all.push({ name, sequence });
  const partial = Array.from({ length: attemptsOfFailure - 1 }, (_, i) => i + 1);
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
  const wells = unique([1, 2, 4, 8, 16, 32, 64, 110, ...hints.calls.map((calls) => calls - n)], 110);
  for (const k of wells)
    if (n > 1) add(`${n - 1} failures, ${k} well, a failure`, [...times(n - 1, F), ...times(k, S), F]);
  for (const k of [1, 2, 4])
    if (n > 2)
      add(`${n - 1} failures, ${k} well, then failures`, [
        ...times(n - 1, F),
        ...times(k, S),
        ...times(n + k, F),
      ]);
  for (const failures of partial) {
    add(`calls that are well after ${failures} failures`, times(n + 3, { failures }));
    // What a close has left is taken back by calls that are well, by one kind at once, by another one by one.
    for (const k of [1, 2, 4])
      add(`${k} well, a call that is well after ${failures} failures`, [...times(k, S), { failures }]);
    // Where one call is enough to trip it, only calls that are well in the end tell of a window.
    if (n <= 2)
      for (const k of wells)
        add(`two calls that are well after ${failures} failures, ${k} well between`, [
          { failures },
          ...times(k, S),
          { failures },
        ]);
  }
  for (const pauseMs of unique([...PAUSES_MS, ...hints.pausesMs], pauseMsMax)) {
    add(`${pauseMs} ms, failures`, [{ pauseMs }, ...times(Math.min(FAILURES_MAX, 3 * n + 3), F)]);
    for (const failures of partial) {
      add(`a call that is well after ${failures} failures, ${pauseMs} ms, failures`, [
        { failures },
        { pauseMs },
        ...times(n + 2, F),
      ]);
      if (n <= 2)
        add(`two calls that are well after ${failures} failures, ${pauseMs} ms between`, [
          { failures },
          { pauseMs },
          { failures },
        ]);
    }
    if (n > 1) {
      // Each alone in its window of time, where that is short; a counter does not mind. They take long.
      if (hints.isAboutTime)
        add(`failures, ${pauseMs} ms apart`, [F, ...times(Math.min(FAILURES_MAX, n + 1), { pauseMs }, F)]);
      add(`${n - 1} failures, ${pauseMs} ms, failures`, [
        ...times(n - 1, F),
        { pauseMs },
        ...times(Math.min(FAILURES_MAX, n + 3), F),
      ]);
      add(`${n - 1} failures, ${pauseMs} ms, a failure`, [...times(n - 1, F), { pauseMs }, F]);
      // A window about as long as it was open holds what tripped it before, or does not: some time makes that clear.
      add(`a pause, ${n - 1} failures, ${pauseMs} ms, a failure`, [
        { pauseMs: hints.leadMs },
        ...times(n - 1, F),
        { pauseMs },
        F,
      ]);
    }
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
  300, 600, 1_200, 1_800, 2_500, 3_500, 5_000, 6_000, 7_000, 9_000, 12_000, 15_000, 18_000, 25_000,
];

/** What is learnt of the kind counts so many times what is learnt of its parameters: without it, they say nothing. */
const KIND_WORTH = 3;

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
  /** No sequence may take longer. */
  leftMs: Ms;
  costs: Costs;
  /** Names of the sequences that have been run. */
  ran: readonly string[];
  hints: Hints;
  /** There is little else to do with the time: what tells most is run, whatever it costs. */
  isPatient: boolean;
}

/** The sequence that tells most for its cost; null: all that are left predict the same of each. */
export function mostTelling(
  left: readonly Replay[],
  now: Situation,
  askedMax: number = ASKED_MAX,
): { name: string; sequence: Sequence } | null {
  return mostTellingOf(sample(left, askedMax), [], now);
}

/**
 * The sequence that would show best that none of those left is right: they agree on it, and rivals that have been
 * dropped did not. A breaker that none of them describes may have agreed with one of them by chance so far.
 */
export function mostDoubtful(
  left: readonly Replay[],
  dropped: readonly Hypothesis[],
  now: Situation,
): { name: string; sequence: Sequence } | null {
  const rivals = sample(
    dropped.map((hypothesis) => ({ hypothesis })),
    ASKED_MAX,
  ).map(({ hypothesis }) => new Replay(hypothesis).after(now.story));
  return mostTellingOf(rivals, sample(left, AGREEING_MAX), now);
}

/** @param settled only what these all predict the same of, and with certainty */
function mostTellingOf(
  replays: readonly Replay[],
  settled: readonly Replay[],
  now: Situation,
): { name: string; sequence: Sequence } | null {
  const { story, tripCalls, attemptsOfFailure, pauseMsMax, costs, ran } = now;
  const hypotheses = replays.map(({ hypothesis }) => hypothesis);
  const weights = weightsOf(hypotheses);
  const answers = answersOf(hypotheses);
  const fromMs = lastMs(story);
  let best: { name: string; sequence: Sequence } | null = null;
  let bestWorth = 0;
  for (const candidate of candidates(tripCalls, attemptsOfFailure, pauseMsMax, now.hints)) {
    if (ran.filter((name) => name === candidate.name).length >= REPEATS_MAX) continue;
    // One experiment must not take the time of all.
    if (costOf(candidate.sequence, costs) > Math.min(2 * pauseMsMax, now.leftMs)) continue;
    const agreed = new Set(
      settled.map((replay) => replay.predict(candidate.sequence, attemptsOfFailure, costs, fromMs)),
    );
    if (agreed.size > 1 || agreed.has('either')) continue;
    const byKind = new Map<string, Map<string, number>>();
    const byAnswer = new Map<string, Map<string, number>>();
    let certain = 0;
    replays.forEach((replay, i) => {
      const predicted = replay.predict(candidate.sequence, attemptsOfFailure, costs, fromMs);
      if (predicted === 'either') return;
      const weight = weights[i] ?? 0;
      add(byKind, hypotheses[i]?.rule.kind ?? '', predicted, weight);
      add(byAnswer, answers[i] ?? '', predicted, weight);
      certain += weight;
    });
    const shares = new Map<string, number>();
    for (const of of byKind.values())
      for (const [predicted, weight] of of) shares.set(predicted, (shares.get(predicted) ?? 0) + weight);
    if (shares.size < 2) continue;
    const all = entropy([...shares.values()]);
    const worthless = within(byAnswer, certain);
    const ofKind = all - within(byKind, certain);
    const tripShare = 1 - (shares.get('none') ?? 0) / certain;
    const told = certain * (all - worthless + KIND_WORTH * ofKind);
    const cost = costOf(candidate.sequence, costs) + tripShare * costs.recoveryMs;
    const worth = now.isPatient ? told : told / cost;
    if (worth > bestWorth) [best, bestWorth] = [candidate, worth];
  }
  return best;
}

function add(
  groups: Map<string, Map<string, number>>,
  group: string,
  predicted: string,
  weight: number,
): void {
  const shares = groups.get(group) ?? new Map<string, number>();
  shares.set(predicted, (shares.get(predicted) ?? 0) + weight);
  groups.set(group, shares);
}

/** What an outcome would still tell where the group is known: the rest is what it tells of the group. */
function within(groups: ReadonlyMap<string, ReadonlyMap<string, number>>, certain: number): number {
  return [...groups.values()].reduce(
    (sum, of) => sum + (sumOf(of.values()) / certain) * entropy([...of.values()]),
    0,
  );
}

/** Windows within this factor of each other are one answer: a measurement says no more of them. */
export const WINDOWS_ALIKE = 2.1;

/** What would be said of each, if it is the truth: telling two of one answer apart is worth nothing. */
function answersOf(hypotheses: readonly Hypothesis[]): string[] {
  const windows = hypotheses.flatMap(({ rule }) => ('windowMs' in rule ? [rule.windowMs] : []));
  const areAlike = Math.max(...windows) <= WINDOWS_ALIKE * Math.min(...windows);
  return hypotheses.map(({ rule, unit, rates }) => {
    const { kind, windowMs, ...rest } = { windowMs: 0, ...rule };
    const window = areAlike ? 0 : Math.floor(Math.log(windowMs) / Math.log(WINDOWS_ALIKE));
    return JSON.stringify([kind, unit, window, rest, rates]);
  });
}

/** An even sample of each kind: of some there are thousands, of others three. */
function sample<T extends { hypothesis: Hypothesis }>(all: readonly T[], max: number): T[] {
  if (all.length <= max) return [...all];
  const groups = [...Map.groupBy(all, ({ hypothesis }) => keyOf(hypothesis)).values()];
  const share = Math.ceil(max / groups.length);
  return groups.flatMap((group) =>
    group.length <= share
      ? group
      : Array.from({ length: share }, (_, i) => group[Math.floor((i * group.length) / share)] as T),
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

function sumOf(values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + value, 0);
}

function entropy(shares: readonly number[]): number {
  const total = sumOf(shares);
  return -shares.reduce((sum, share) => sum + (share / total) * Math.log2(share / total), 0);
}

function costOf(sequence: Sequence, costs: Costs): Ms {
  return sequence.reduce(
    (sum, step) => sum + ('pauseMs' in step ? step.pauseMs : step.failures === 0 ? costs.okMs : costs.failMs),
    0,
  );
}
