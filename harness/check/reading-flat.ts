/**
 * `reading-flat`: over a long load a number that the target tells of itself, such as its memory, has a slope of about
 * zero. The slope is the median of those between any two of twelve parts (Theil and Sen), each part told by its
 * median, so that neither a burst nor a collector at work decides.
 */
import { z } from 'zod';
import { toMs, toNs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { readingsOf, unread } from './readings.ts';
import { loadEnd, loadStart, percentile } from './windows.ts';

const PARTS = 12;
const READINGS_MIN = 30;
const MS_PER_MINUTE = 60_000;

const Params = z.strictObject({
  /** Name under `target.readings` in the config. */
  reading: z.string(),
  /** Share of its median by which it may change over the time looked at, up or down. */
  driftRatioMax: z.number().positive(),
  /** Load before this does not count: caches fill and code is compiled then. */
  afterMs: z.number().min(0).default(0),
});

export const readingFlat = defineChecker<z.infer<typeof Params>>({
  name: 'reading-flat',
  about: 'over a long load a number that the target tells of itself has a slope of about zero',
  params: Params,
  judge(history, { reading: name, driftRatioMax, afterMs }) {
    const fromT = loadStart(history) + toNs(afterMs);
    const toT = loadEnd(history);
    const readings = readingsOf(history, name).filter(({ t }) => t >= fromT && t < toT);
    if (readings.length < READINGS_MIN) {
      const few = readings.length === 0 ? unread(name) : `${name}: ${count(readings.length, 'reading')}`;
      return inconclusive(`${few}; it takes ${READINGS_MIN} after ${afterMs} ms to see a slope`);
    }
    const unit = readings[0]?.unit ?? '';
    const lengthMs = toMs(toT - fromT);
    const parts = Array.from({ length: PARTS }, (_, i) => {
      const inside = readings.filter(({ t }) => Math.floor((PARTS * (t - fromT)) / (toT - fromT)) === i);
      return { atMs: ((i + 0.5) / PARTS) * lengthMs, value: middle(inside.map(({ value }) => value)) };
    }).filter(({ value }) => !Number.isNaN(value)); // the target was away for a part
    const slopes = parts.flatMap((one, i) =>
      parts.slice(i + 1).map((other) => (other.value - one.value) / (other.atMs - one.atMs)),
    );
    const slopePerMs = middle(slopes);
    const usual = middle(readings.map(({ value }) => value));
    const drift = slopePerMs * lengthMs;
    const says = `${name}: ${signed(drift)} ${unit} over ${Math.round(lengthMs / 1_000)} s, ${signed((100 * drift) / usual)} % of its median ${Math.round(usual)} (allowed ${driftRatioMax * 100} %)`;
    const numbers = {
      slope: [slopePerMs * MS_PER_MINUTE, `${unit}/min`] as [number, string],
      drift: [drift, unit] as [number, string],
      median: [usual, unit] as [number, string],
      readings: [readings.length, 'readings'] as [number, string],
    };
    // Parts without a reading, or a median of nothing, leave no number to compare.
    if (!(Math.abs(drift) >= 0 && usual > 0)) return inconclusive(`${says}: no slope can be told`, numbers);
    const ends = [...readings.slice(0, 1), ...readings.slice(-1)];
    return Math.abs(drift) <= driftRatioMax * usual ? holds(says, numbers, ends) : fails(says, numbers, ends);
  },
});

const middle = (values: readonly number[]): number => percentile(values, 0.5);

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(1)}`;
