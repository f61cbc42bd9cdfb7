/** An outage model from a history: when attempts on a link failed, for how long, how much of them, and how. */
import { count } from '../../model/count.ts';
import { UsageError } from '../../model/errors.ts';
import { type EventOf, eventsOf, type History } from '../../model/history.ts';
import type { Episode, OutageModel } from '../../model/sweep.ts';
import { type Ms, toMs } from '../../model/time.ts';
import type { Shape } from '../bench.ts';

const DAY_MS = 86_400_000;
/** Failures further apart belong to different outages. An open breaker hides an outage for as long as it is open. */
const JOIN_MS = 10_000;
/** Fewer failures in a row of time are no outage, but what fails now and then. */
const FAILURES_MIN = 3;

interface Seen {
  startMs: Ms;
  endMs: Ms;
  failure: Shape | null;
}

/**
 * Fits a model to the exchanges of a link.
 * @throws UsageError where the link carried no HTTP, or nothing failed on it
 */
export function fitOutages(history: History, link: string, file: string): OutageModel {
  const exchanges = eventsOf(history, 'exchange').filter((event) => event.link === link);
  if (exchanges.length === 0)
    throw new UsageError(
      `${file}: nothing was exchanged on link "${link}", so no outage can be read from it; links with exchanges: ${linksOf(history).join(', ') || 'none'}`,
    );
  const seen = exchanges
    .map((event): Seen => ({ startMs: toMs(event.t), endMs: toMs(event.endT), failure: failureOf(event) }))
    .sort((a, b) => a.startMs - b.startMs);
  const groups = outagesIn(seen);
  if (groups.length === 0)
    throw new UsageError(
      `${file}: link "${link}" had no outage (${FAILURES_MIN} failures or more, less than ${JOIN_MS / 1000} s apart): take a history that has one, or a built-in model`,
    );
  const recordedMs = Math.max(...history.events.map(({ t }) => toMs(t))) - (seen[0]?.startMs ?? 0);
  const outside = seen.filter(({ startMs }) =>
    groups.every(({ fromMs, toMs: end }) => startMs < fromMs || startMs >= end),
  );
  const perDay = (groups.length * DAY_MS) / Math.max(1, recordedMs);
  return {
    name: file,
    about: `fitted from ${file}, link ${link}: ${count(groups.length, 'outage')} in ${(recordedMs / 1000).toFixed(1)} s`,
    perDay,
    episodes: groups.map(({ episode }) => episode),
    spread: 0,
    errorRatio:
      outside.length === 0 ? 0 : outside.filter(({ failure }) => failure !== null).length / outside.length,
  };
}

/** Links of a history on which something was exchanged. */
export function linksOf(history: History): string[] {
  return [...new Set(eventsOf(history, 'exchange').map(({ link }) => link))];
}

function failureOf({ status, outcome, endedBy, firstByteT }: EventOf<'exchange'>): Shape | null {
  if (outcome === 'broken') {
    if (endedBy === 'target') return firstByteT === null ? 'slow-headers' : 'stalled-stream';
    return firstByteT === null ? 'rst' : 'truncated-stream';
  }
  if (status === 429) return 'status-429';
  if (status === null || status < 500) return null;
  return status === 500 ? 'status-500' : 'status-503';
}

function outagesIn(seen: readonly Seen[]): { fromMs: Ms; toMs: Ms; episode: Episode }[] {
  const clusters: Seen[][] = [];
  for (const one of seen.filter(({ failure }) => failure !== null)) {
    const last = clusters.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && one.startMs - before.endMs <= JOIN_MS) last.push(one);
    else clusters.push([one]);
  }
  return clusters
    .filter((cluster) => cluster.length >= FAILURES_MIN)
    .map((cluster) => {
      const fromMs = cluster[0]?.startMs ?? 0;
      const lastMs = cluster.at(-1)?.startMs ?? fromMs;
      const within = seen.filter(({ startMs }) => startMs >= fromMs && startMs <= lastMs);
      // It was over some time between the last failure and the next success: in the middle, for want of better.
      const next = seen.find(({ startMs, failure }) => startMs > lastMs && failure === null);
      const toMs = next === undefined ? (cluster.at(-1)?.endMs ?? lastMs) : (lastMs + next.startMs) / 2;
      const episode: Episode = {
        durationMs: Math.max(1, toMs - fromMs),
        failureRatio: cluster.length / within.length,
        shape: commonest(cluster),
      };
      return { fromMs, toMs, episode };
    });
}

function commonest(cluster: readonly Seen[]): Shape {
  const counts = new Map<Shape, number>();
  for (const { failure } of cluster)
    if (failure !== null) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? 'status-503';
}
