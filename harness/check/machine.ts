/**
 * Whether the machine let the target run at all. A target that got no CPU times out for no fault of
 * its own; what then fails says something of the machine, and the run has to be done again.
 */
import { eventsOf, type History } from '../model/history.ts';
import type { Judgement } from '../model/verdict.ts';
import { inconclusive } from './checker.ts';
import { loadEnd, loadStart, percentile } from './windows.ts';

/** Name of the judgement; see {@link starved}. */
const MACHINE = 'machine-kept-up';

/**
 * Part of the time in which some process waited for a CPU. Measured on two cores: 0.1 to 0.6 with three
 * scenarios at once and nothing else, 0.85 to 0.96 with four busy loops beside them.
 */
const CPU_WAIT_RATIO_MAX = 0.75;
/** Lateness of an idle process's timer (95th percentile of the samples' worst): 4 to 29 ms measured as above. */
const LATE_MS_MAX = 120;

/**
 * An inconclusive judgement where the machine starved its processes during the load, nothing where it
 * did not or was not watched. Only asked for when something did not hold: what holds on a starved
 * machine holds all the more.
 */
export function machineStarved(history: History): Judgement[] {
  const fromT = loadStart(history);
  const toT = loadEnd(history);
  const samples = eventsOf(history, 'machine').filter(({ t, endT }) => endT > fromT && t < toT);
  if (samples.length === 0) return [];
  const ratios = samples.flatMap(({ cpuWaitRatio }) => (cpuWaitRatio === null ? [] : [cpuWaitRatio]));
  const waitRatio =
    ratios.length === 0 ? Number.NaN : ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const lateMs = percentile(
    samples.map((sample) => sample.lateMs),
    0.95,
  );
  const tooBusy = waitRatio > CPU_WAIT_RATIO_MAX;
  if (!tooBusy && !(lateMs > LATE_MS_MAX)) return [];
  const says = tooBusy
    ? `this machine was too busy to judge by: processes waited for a CPU ${(waitRatio * 100).toFixed(0)} % of the time (at most ${CPU_WAIT_RATIO_MAX * 100} %)`
    : `this machine was too busy to judge by: an idle process woke ${lateMs.toFixed(0)} ms late (at most ${LATE_MS_MAX})`;
  const numbers: Record<string, [number, string]> = {
    late: [lateMs, 'ms'],
    ...(ratios.length === 0 ? {} : { cpuWait: [waitRatio, 'ratio'] as [number, string] }),
  };
  return [{ check: MACHINE, part: 'always', verdict: inconclusive(says, numbers, samples) }];
}

/** Whether a judgement of {@link machineStarved} is among these. */
export function starved(judgements: readonly Judgement[]): boolean {
  return judgements.some(({ check }) => check === MACHINE);
}

/** Those with the machine taken into account: on a starved one nothing else can be said to fail. */
export function withMachine(history: History, judgements: readonly Judgement[]): Judgement[] {
  if (judgements.every(({ verdict }) => verdict.outcome === 'holds')) return [...judgements];
  const machine = machineStarved(history);
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
