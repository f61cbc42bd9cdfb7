/**
 * What changes in Mimo, told once and under one name each: as a log line (field `event`), as an event
 * for whoever follows GET /events, and, by whoever creates the hub, as a metric.
 */
import type { Logger } from 'pino';
import type { Level } from './monitor/latch.ts';
import type { ResourceName } from './monitor/resources.ts';
import type { LinkName } from './policy.ts';
import type { BreakerState } from './resilience/breaker.ts';

/** A breaker changed its state. Metric: mimo_breaker_transitions_total. */
export interface BreakerTransition {
  readonly event: 'breaker_transition';
  readonly link: LinkName;
  /** The original system's name of the breaker. */
  readonly breaker: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
}

/** A resource crossed a threshold for long enough. Metric: mimo_resource_level_changes_total. */
export interface ResourceLevelChange {
  readonly event: 'resource_level_change';
  readonly resource: ResourceName;
  readonly from: Level;
  readonly to: Level;
  /** In the unit that the resource's name ends with. */
  readonly value: number;
}

export type MimoEvent = BreakerTransition | ResourceLevelChange;
/** `seq` counts from 1 in this process; `atMs` is wall-clock time since 1970. */
export type Told = MimoEvent & { readonly seq: number; readonly atMs: number };

/** Kept for followers that come later. */
export const EVENTS_KEPT_MAX = 100;

export interface Events {
  tell(event: MimoEvent): void;
  /** The last ones, oldest first. */
  recent(): readonly Told[];
  /** Calls `onEvent` from now on, until the returned function is called. */
  follow(onEvent: (event: Told) => void): () => void;
}

export interface EventsOptions {
  readonly log: Logger;
  /** Counts the event. */
  readonly onEvent: (event: MimoEvent) => void;
}

export function createEvents({ log, onEvent }: EventsOptions): Events {
  const followers = new Set<(event: Told) => void>();
  const kept: Told[] = [];
  let seq = 0;
  return {
    tell(event) {
      seq += 1;
      const told: Told = { ...event, seq, atMs: Date.now() };
      kept.push(told);
      if (kept.length > EVENTS_KEPT_MAX) kept.shift();
      log.warn(event, event.event.replaceAll('_', ' '));
      onEvent(event);
      for (const follower of followers) follower(told);
    },
    recent: () => kept,
    follow(follower) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
}
