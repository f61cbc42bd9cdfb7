/** The numbers that the target tells of itself, as they were read while the scenario ran. */
import { eventsOf, type History, type ReadingEvent } from '../model/history.ts';
import { percentile, type Span, steadySpan } from './windows.ts';

/** All readings of one name, in order. */
export function readingsOf(history: History, name: string): ReadingEvent[] {
  return eventsOf(history, 'reading').filter((reading) => reading.name === name);
}

/** What an absent reading is told as. */
export function unread(name: string): string {
  return `no reading "${name}" was taken; name it under target.readings in the config`;
}

/** The median before the fault; NaN where nothing was read then. */
export function usualOf(history: History, readings: readonly ReadingEvent[]): number {
  return medianIn(readings, steadySpan(history, 'before'));
}

/** The median within a span; NaN of none. */
export function medianIn(readings: readonly ReadingEvent[], { fromT, toT }: Span): number {
  return percentile(
    readings.filter(({ t }) => t >= fromT && t < toT).map(({ value }) => value),
    0.5,
  );
}

/** The reading with the greatest value. */
export function peakOf(readings: readonly ReadingEvent[]): ReadingEvent | undefined {
  return readings.reduce<ReadingEvent | undefined>(
    (peak, reading) => (peak === undefined || reading.value > peak.value ? reading : peak),
    undefined,
  );
}
