/**
 * `reading-bounded`: a number that the target tells of itself, such as its memory or the depth of a queue, stays within
 * its bound through the outage, and does not grow for good.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { medianIn, peakOf, readingsOf, unread, usualOf } from './readings.ts';
import { loadEnd, loadStart, steadySpan } from './windows.ts';

/** Fewer readings than this show no course. */
const READINGS_MIN = 3;

const Params = z.strictObject({
  /** Name under `target.readings` in the config. */
  reading: z.string(),
  /** Most it may ever be. */
  atMost: z.number().optional(),
  /** Times the median before the fault that the median at the end may be. */
  growth: z.number().positive().optional(),
  /** Least it must have risen to, else the bound was not put to the test. */
  peakAtLeast: z.number().optional(),
});

export const readingBounded = defineChecker<z.infer<typeof Params>>({
  name: 'reading-bounded',
  about: 'a number that the target tells of itself stays within its bound and does not grow for good',
  params: Params,
  readings: ({ reading }) => [reading],
  judge(history, { reading: name, atMost, growth, peakAtLeast }) {
    if (atMost === undefined && growth === undefined)
      return inconclusive(`no bound is given for the reading "${name}"; give atMost or growth`);
    const all = readingsOf(history, name);
    const readings = all.filter(({ t }) => t >= loadStart(history) && t < loadEnd(history));
    const peak = peakOf(readings);
    if (peak === undefined) return inconclusive(unread(name));
    const { unit } = peak;
    const before = usualOf(history, readings);
    const after = medianIn(readings, steadySpan(history, 'after'));
    const numbers = {
      peak: [peak.value, unit] as [number, string],
      ...(Number.isNaN(before) ? {} : { before: [before, unit] as [number, string] }),
      ...(Number.isNaN(after) ? {} : { after: [after, unit] as [number, string] }),
    };
    if (atMost !== undefined && peak.value > atMost) {
      return fails(`${name} unbounded: it rose to ${peak.value} ${unit}; at most ${atMost}`, numbers, [peak]);
    }
    // A NaN compares with nothing: what was not read then is told of below.
    if (growth !== undefined && after > before * growth) {
      return fails(
        `${name} grows for good: ${after} ${unit} at the end, ${before} before the fault; at most ${growth} times`,
        numbers,
        readings.filter(({ value }) => value > before * growth),
      );
    }
    if (readings.length < READINGS_MIN || (growth !== undefined && Number.isNaN(before + after)))
      return inconclusive(
        `${name}: ${count(readings.length, 'reading')}; too few to see its course`,
        numbers,
      );
    if (peakAtLeast !== undefined && peak.value < peakAtLeast) {
      return inconclusive(
        `${name} rose to ${peak.value} ${unit} only; it takes ${peakAtLeast} to put a bound to the test`,
        numbers,
        [peak],
      );
    }
    const course = Number.isNaN(after) ? '' : `, ${after} at the end`;
    return holds(`${name} rose to ${peak.value} ${unit}${course}, within its bound`, numbers, [peak]);
  },
});
