/**
 * `outage-told`: a number that the target tells of itself (a state, a count of transitions, the degraded links of its
 * health report) shows the outage. What a dashboard, an alert or an orchestrator rests on must move when it matters.
 */
import { z } from 'zod';
import { defineChecker, fails, holds, inconclusive } from './checker.ts';
import { peakOf, readingsOf } from './readings.ts';
import { faultSpans, isWithin, loadEnd, loadStart } from './windows.ts';

const Params = z.strictObject({
  /** Name under `target.readings` in the config. */
  reading: z.string(),
  /** By how much it must rise above what it was before the fault. */
  risesBy: z.number().positive().default(1),
});

export const outageTold = defineChecker<z.infer<typeof Params>>({
  name: 'outage-told',
  about: 'a number that the target tells of itself rises during the outage',
  params: Params,
  readings: ({ reading }) => [reading],
  judge(history, { reading: name, risesBy }) {
    const first = faultSpans(history)[0];
    if (first === undefined) return inconclusive(`${name}: no fault was injected`);
    const all = readingsOf(history, name);
    const others = history.events.some((event) => event.kind === 'reading' && event.name !== name);
    if (all.length === 0) {
      // Where others were read, the target was asked and has no such number: renamed, or never exported.
      const says = `outage untold: ${name} is not told at all`;
      return others ? fails(`${says}, though other numbers are`, {}) : inconclusive(says);
    }
    const before = all.filter(({ t }) => t >= loadStart(history) && t < first.fromT).at(-1)?.value ?? 0;
    const during = all.filter(({ t }) => isWithin(t, { fromT: first.fromT, toT: loadEnd(history) }));
    const peak = peakOf(during);
    if (peak === undefined) return inconclusive(`${name}: it was not read since the fault`);
    const numbers = {
      before: [before, peak.unit] as [number, string],
      peak: [peak.value, peak.unit] as [number, string],
    };
    return peak.value >= before + risesBy
      ? holds(`${name} rose from ${before} to ${peak.value} ${peak.unit} with the outage`, numbers, [peak])
      : fails(
          `outage untold: ${name} was ${before} ${peak.unit} before the fault and at most ${peak.value} since; it must rise by ${risesBy}`,
          numbers,
          [peak],
        );
  },
});
