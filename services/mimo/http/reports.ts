/**
 * What Mimo says of itself: readiness and the resilience document. Both are read from memory; a
 * health check that called a dependency would fail, and hang, together with it.
 */
import { BREAKER_NAMES, LINK_NAMES, type LinkName, type LinkPolicy, type Policy } from '../policy.ts';
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
  readonly queueDepth: number;
  readonly pendingReembeds: number;
}

/** Ready as long as an answer or a promise to store can be given, however degraded. */
export function readiness(service: Service, isDraining: boolean): Readiness {
  const { guards, queue } = service;
  const degraded = LINK_NAMES.filter((link) => guards[link].state !== 'closed').map((link) => ({
    link,
    state: guards[link].state,
    fallback: guards[link].policy.fallback.kind,
  }));
  const isFull = queue.depth >= queue.capacity;
  const isDegraded = degraded.length > 0 || queue.depth > 0 || service.pendingReembeds() > 0;
  return {
    ready: !isDraining && !isFull,
    status: isDraining ? 'draining' : isFull ? 'queue-full' : isDegraded ? 'degraded' : 'ready',
    degraded,
    queueDepth: queue.depth,
    pendingReembeds: service.pendingReembeds(),
  };
}

interface LinkReport {
  readonly breaker: string;
  readonly state: BreakerState;
  readonly policy: LinkPolicy;
}

export interface ResilienceReport {
  readonly profile: Policy['profile'];
  readonly links: Readonly<Record<LinkName, LinkReport>>;
  readonly queueDepth: number;
  readonly pendingReembeds: number;
}

/** The declared policy and the present state of each link. */
export function resilience({ policy, guards, queue, pendingReembeds }: Service): ResilienceReport {
  const report = (link: LinkName): LinkReport => ({
    breaker: BREAKER_NAMES[link],
    state: guards[link].state,
    policy: policy.links[link],
  });
  return {
    profile: policy.profile,
    links: { llm: report('llm'), ollama: report('ollama'), database: report('database') },
    queueDepth: queue.depth,
    pendingReembeds: pendingReembeds(),
  };
}
