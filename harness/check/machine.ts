/**
 * Whether the machine let the target run at all. A target that got no CPU times out for no fault of
 * its own; what then fails says something of the machine, and the run has to be done again.
 */
import { eventsOf, type History, type MachineEvent } from '../model/history.ts';
import type { Judgement } from '../model/verdict.ts';
import { isLoadLate } from './always.ts';
import { inconclusive } from './checker.ts';
import { lastHeal, loadEnd, loadStart, percentile, type Span, steadySpan } from './windows.ts';

/** Name of the judgement; see {@link starved}. */
const MACHINE = 'machine-kept-up';

/**
 * Part of the time in which some process waited for a CPU. Measured on two cores: 0.1 to 0.6 with three
 * scenarios at once and nothing else, 0.85 to 0.96 with four busy loops beside them.
 */
const CPU_WAIT_RATIO_MAX = 0.75;
/** Lateness of an idle process's timer (95th percentile of the samples' worst): 4 to 29 ms measured as above. */
const LATE_MS_MAX = 120;

/** Fewer samples than this (a second) say nothing of a span: one hiccup would be its 95th percentile. */
const SPAN_SAMPLES_MIN = 4;

/**
 * An inconclusive judgement where the machine starved its processes during the load, nothing where it
 * did not or was not watched. Only asked for when something did not hold: what holds on a starved
 * machine holds all the more.
 */
function machineStarved(history: History, judgements: readonly Judgement[]): Judgement[] {
  const samples = eventsOf(history, 'machine');
  // Phase by phase, and each second in which something was seen that a failure rests on: one in which nothing ran is
  // lost in the average of ten that were well, and may be all that a percentile is made of.
  const within = (span: Span): MachineEvent[] =>
    samples.filter(({ t, endT }) => endT > span.fromT && t < span.toT);
  const worst = [
    within({ fromT: loadStart(history), toT: loadEnd(history) }),
    ...phases(history)
      .map(within)
      .filter(({ length }) => length >= SPAN_SAMPLES_MIN),
    ...evidence(history, judgements).flatMap((span) => secondsOf(samples, span)),
  ]
    .map(load)
    .reduce((worse, phase) => (busyness(phase) > busyness(worse) ? phase : worse), load([]));
  if (!(busyness(worst) > 1)) return [];
  const { waitRatio, lateMs } = worst;
  const says =
    waitRatio > CPU_WAIT_RATIO_MAX
      ? `this machine was too busy to judge by: processes waited for a CPU ${(waitRatio * 100).toFixed(0)} % of the time (at most ${CPU_WAIT_RATIO_MAX * 100} %)`
      : `this machine was too busy to judge by: an idle process woke ${lateMs.toFixed(0)} ms late (at most ${LATE_MS_MAX})`;
  const numbers: Record<string, [number, string]> = {
    late: [lateMs, 'ms'],
    cpuWait: [waitRatio, 'ratio'],
  };
  return [{ check: MACHINE, part: 'always', verdict: inconclusive(says, numbers, worst.samples) }];
}

/** How a machine fared over some samples; of none, well. */
interface Load {
  waitRatio: number;
  lateMs: number;
  samples: readonly MachineEvent[];
}

function load(samples: readonly MachineEvent[]): Load {
  const ratios = samples.flatMap(({ cpuWaitRatio }) => (cpuWaitRatio === null ? [] : [cpuWaitRatio]));
  const lateness = samples.map(({ lateMs }) => lateMs);
  return {
    waitRatio: ratios.reduce((sum, ratio) => sum + ratio, 0) / Math.max(1, ratios.length),
    lateMs: samples.length === 0 ? 0 : percentile(lateness, 0.95),
    samples,
  };
}

/** Above 1: too busy to judge by. */
function busyness({ waitRatio, lateMs }: Load): number {
  return Math.max(waitRatio / CPU_WAIT_RATIO_MAX, lateMs / LATE_MS_MAX);
}

/** Before the fault, under it, in recovery, and in the steady state after: the last is judged on its own, so it is looked at on its own. */
function phases(history: History): Span[] {
  const before = steadySpan(history, 'before');
  const healT = Math.max(before.toT, lastHeal(history));
  const after = steadySpan(history, 'after');
  return [before, { fromT: before.toT, toT: healT }, { fromT: healT, toT: loadEnd(history) }, after];
}

/** For each failure the time from the first to the last event that it cites. */
function evidence(history: History, judgements: readonly Judgement[]): Span[] {
  return judgements
    .filter(({ verdict: { outcome, cites } }) => outcome === 'fails' && cites.length > 0)
    .map(({ verdict: { cites } }) => {
      const events = history.events.filter(({ id }) => cites.includes(id));
      return {
        fromT: Math.min(...events.map(({ t }) => t)),
        toT: Math.max(...events.map((event) => ('endT' in event ? event.endT : event.t))),
      };
    });
}

/** As many samples in a row as say something, wherever these touch a span. */
function secondsOf(samples: readonly MachineEvent[], { fromT, toT }: Span): MachineEvent[][] {
  return samples
    .slice(SPAN_SAMPLES_MIN - 1)
    .map((_, i) => samples.slice(i, i + SPAN_SAMPLES_MIN))
    .filter((some) => (some.at(-1)?.endT ?? 0) > fromT && (some[0]?.t ?? 0) <= toT);
}

/** Whether one of these says that the machine was too busy, for the target or for the load that was sent to it. */
export function starved(judgements: readonly Judgement[]): boolean {
  return judgements.some((judgement) => judgement.check === MACHINE || isLoadLate(judgement));
}

/** Those with the machine taken into account: on a starved one nothing else can be said to fail. */
export function withMachine(history: History, judgements: readonly Judgement[]): Judgement[] {
  // Where nobody watched the links, a calmer machine would see no more of them.
  const { unwatched } = history.header;
  if (judgements.every(({ verdict }) => verdict.outcome === 'holds' || verdict.says === unwatched))
    return [...judgements];
  const machine = machineStarved(history, judgements);
  if (machine.length === 0) return [...judgements];
  return [
    ...machine,
    ...judgements.map((judgement) => {
      const { verdict } = judgement;
      if (verdict.outcome !== 'fails') return judgement;
      const says = `${verdict.says} (on a machine that was too busy)`;
      return { ...judgement, verdict: { ...verdict, outcome: 'inconclusive' as const, says } };
    }),
  ];
}
