/** Reads the events of links that run elsewhere, and puts them on this run's clock. */
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import type { Clock, Nanoseconds } from '../model/time.ts';

/** Readings of the far clock; the one with the shortest way there and back is the best. */
const CLOCK_READINGS = 7;
const CALL_TIMEOUT_MS = 5_000;

/** Fields of events that are moments. */
const MOMENTS = ['t', 'endT', 'startT', 'firstByteT'] as const;

/** What to add to a moment of the far clock to have it on ours; good to half the shortest round trip. */
export async function clockOffset(url: string, now: Clock): Promise<Nanoseconds> {
  let best: { tripNs: number; offsetNs: number } | null = null;
  for (let i = 0; i < CLOCK_READINGS; i++) {
    const sentT = now();
    const response = await fetch(`${url}/clock`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    const { nowNs } = (await response.json()) as { nowNs: number };
    const gotT = now();
    const tripNs = gotT - sentT;
    if (best === null || tripNs < best.tripNs)
      best = { tripNs, offsetNs: Math.round(sentT + tripNs / 2 - nowNs) };
  }
  return best?.offsetNs ?? 0;
}

export interface EventStream {
  /** Settles with a sentence when the stream ends though nobody closed it. */
  readonly lost: Promise<string>;
  close(): void;
}

/** Follows the events of a link server from now on. @throws EnvironmentError where it cannot be reached */
export async function followEvents(
  url: string,
  now: Clock,
  emit: (event: Unnumbered<HistoryEvent>) => void,
): Promise<EventStream> {
  const stop = new AbortController();
  try {
    const offsetNs = await clockOffset(url, now);
    const response = await fetch(`${url}/events`, { signal: stop.signal });
    const { body } = response;
    if (!response.ok || body === null) throw new Error(`status ${response.status}`);
    const reading = read(body, (event) => emit(shifted(event, offsetNs)));
    const lost = new Promise<string>((resolve) => {
      const end = (why: string): void => {
        if (!stop.signal.aborted) resolve(`the event stream of the links at ${url} ended${why}`);
      };
      reading.then(
        () => end(''),
        (error: unknown) => end(`: ${messageOf(error)}`),
      );
    });
    return { lost, close: () => stop.abort() };
  } catch (error) {
    stop.abort();
    throw new EnvironmentError(`the links at ${url} cannot be followed: ${messageOf(error)}`);
  }
}

async function read(
  body: ReadableStream<Uint8Array>,
  tell: (event: Unnumbered<HistoryEvent>) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const chunk of body) {
    const events = (held + decoder.decode(chunk, { stream: true })).split('\n\n');
    held = events.pop() ?? '';
    for (const text of events) {
      const data = /^data: (.*)$/m.exec(text)?.[1];
      if (data === undefined) continue; // a comment
      const event = JSON.parse(data) as Unnumbered<HistoryEvent> | { events: number };
      if ('kind' in event) tell(event);
      else throw new Error(`${event.events} events were lost: this machine did not read them fast enough`);
    }
  }
}

function shifted(event: Unnumbered<HistoryEvent>, offsetNs: Nanoseconds): Unnumbered<HistoryEvent> {
  const moved: Record<string, unknown> = { ...event };
  for (const key of MOMENTS) {
    const value = moved[key];
    if (typeof value === 'number') moved[key] = value + offsetNs;
  }
  return moved as Unnumbered<HistoryEvent>;
}
