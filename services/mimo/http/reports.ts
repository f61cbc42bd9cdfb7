/**
 * What Mimo says of itself: readiness and the resilience document. Both are read from memory; a
 * health check that called a dependency would fail, and hang, together with it.
 */
import type { SearchedBy } from '../memory/vector-search.ts';
import type { Level } from '../monitor/latch.ts';
import { BREAKER_NAMES, type LinkName, type LinkPolicy, type Policy } from '../policy.ts';
import type { BreakerState } from '../resilience/breaker.ts';
import type { Service } from './service.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly status: 'ready' | 'degraded' | 'draining' | 'queue-full';
  /** Links whose breaker is not closed, and what they are served by meanwhile. */
  readonly degraded: readonly {
    readonly link: LinkName;
    readonly state: BreakerState;
    readonly fallback: string;
  }[];
  /** Watched resources that have been beyond a threshold for long enough. */
  readonly resources: readonly { readonly resource: string; readonly level: Level }[];
  readonly queueDepth: number;
  readonly pendingReembeds: number;
  readonly vectorSearch: SearchedBy;
}

/** Ready as long as an answer or a promise to store can be given, however degraded. */
export function readiness(service: Service, isDraining: boolean): Readiness {
  const { guards, queue } = service;
  const degraded = Object.values(guards)
    .filter((guard) => guard.state !== 'closed')
    .map(({ link, state, policy }) => ({ link, state, fallback: policy.fallback.kind }));
  const isFull = queue.depth >= queue.capacity;
  const resources = service.monitor
    .watched()
    .filter(({ level }) => level !== 'ok')
    .map(({ resource, level }) => ({ resource, level }));
  const isDegraded =
    degraded.length > 0 || resources.length > 0 || queue.depth > 0 || service.pendingReembeds() > 0;
  return {
    ready: !isDraining && !isFull,
    status: isDraining ? 'draining' : isFull ? 'queue-full' : isDegraded ? 'degraded' : 'ready',
    degraded,
    resources,
    queueDepth: queue.depth,
    pendingReembeds: service.pendingReembeds(),
    vectorSearch: service.vectors.by,
  };
}

interface LinkReport {
  readonly breaker: string;
  readonly state: BreakerState;
  readonly policy: LinkPolicy;
}

export interface ResilienceReport {
  readonly profile: Policy['profile'];
  readonly links: Readonly<Partial<Record<LinkName, LinkReport>>>;
  readonly queueDepth: number;
  readonly pendingReembeds: number;
}

/** The declared policy and the present state of each link. */
export function resilience({ policy, guards, queue, pendingReembeds }: Service): ResilienceReport {
  const reports = Object.values(guards).map(({ link, state, policy: declared }) => [
    link,
    { breaker: BREAKER_NAMES[link], state, policy: declared },
  ]);
  return {
    profile: policy.profile,
    links: Object.fromEntries(reports),
    queueDepth: queue.depth,
    pendingReembeds: pendingReembeds(),
  };
}
