/** What is read when the metrics are scraped: what is used, beside the bound of it. Part of what `createMetrics` exports. */
import { Gauge, type Registry } from 'prom-client';
import type { SearchedBy } from './memory/vector-search.ts';
import { LEVEL_NUMBERS } from './monitor/latch.ts';
import type { ResourceMonitor } from './monitor/resource-monitor.ts';
import type { Guard } from './resilience/guard.ts';

const SEARCHED_BY: readonly SearchedBy[] = ['undecided', 'in-process', 'pgvector'];

/** One bounded cache. */
export interface CacheGauge {
  readonly cache: string;
  readonly entries: () => number;
  readonly entriesMax: number;
}

/** Read when the metrics are scraped. */
export interface Gauges {
  readonly queueDepth: () => number;
  readonly queueCapacity: () => number;
  readonly pendingReembeds: () => number;
  readonly inFlight: () => number;
  readonly inFlightMax: number;
  readonly bodyBytesMax: number;
  /** Longest time an answer may take, in seconds. */
  readonly deadlineSeconds: number;
  readonly guards: readonly Guard[];
  readonly caches: readonly CacheGauge[];
  readonly classifierTtlSeconds: number;
  readonly rateLimit: { readonly requests: number; readonly windowMs: number; readonly clientsMax: number };
  readonly rateLimitClients: () => number;
  readonly eventFollowers: () => number;
  readonly eventFollowersMax: number;
  readonly semanticKept: () => number;
  readonly semanticKeptMax: number;
  readonly searchedBy: () => SearchedBy;
}

export function watchGauges(registry: Registry, watched: Gauges): void {
  gauge(registry, 'mimo_write_queue_depth', 'Writes that wait for the database.', watched.queueDepth);
  gauge(registry, 'mimo_write_queue_capacity', 'Writes that may wait at most.', watched.queueCapacity);
  gauge(
    registry,
    'mimo_pending_reembeds',
    'Memories that wait for a real embedding.',
    watched.pendingReembeds,
  );
  gauge(registry, 'mimo_requests_in_flight', 'Requests being answered.', watched.inFlight);
  gauge(
    registry,
    'mimo_requests_in_flight_max',
    'Limit above which requests are refused.',
    () => watched.inFlightMax,
  );
  gauge(
    registry,
    'mimo_request_body_bytes_max',
    'Longest request body accepted.',
    () => watched.bodyBytesMax,
  );
  gauge(
    registry,
    'mimo_request_deadline_seconds',
    'Longest time an answer may take.',
    () => watched.deadlineSeconds,
  );
  watchLinks(registry, watched.guards);
  gauges(registry, 'mimo_cache_entries', 'Entries of a bounded cache.', ['cache'], () =>
    watched.caches.map(({ cache, entries }) => [{ cache }, entries()]),
  );
  gauges(registry, 'mimo_cache_entries_max', 'Entries a cache holds at most.', ['cache'], () =>
    watched.caches.map(({ cache, entriesMax }) => [{ cache }, entriesMax]),
  );
  gauge(
    registry,
    'mimo_classifier_cache_ttl_seconds',
    'Age at which a classification goes.',
    () => watched.classifierTtlSeconds,
  );
  const { requests, windowMs, clientsMax } = watched.rateLimit;
  gauge(
    registry,
    'mimo_rate_limit_requests_max',
    'Requests per client and window; 0: no limit.',
    () => requests,
  );
  gauge(registry, 'mimo_rate_limit_window_seconds', 'Window of the rate limit.', () => windowMs / 1_000);
  gauge(registry, 'mimo_rate_limit_clients', 'Clients the rate limiter remembers.', watched.rateLimitClients);
  gauge(registry, 'mimo_rate_limit_clients_max', 'Clients it remembers at most.', () => clientsMax);
  gauge(registry, 'mimo_event_followers', 'Connections that follow /events.', watched.eventFollowers);
  gauge(registry, 'mimo_event_followers_max', 'Such connections at most.', () => watched.eventFollowersMax);
  new Gauge({
    name: 'mimo_vector_search',
    help: 'By what memories are searched: 1 for the way in use.',
    labelNames: ['by'],
    registers: [registry],
    collect() {
      for (const by of SEARCHED_BY) this.set({ by }, watched.searchedBy() === by ? 1 : 0);
    },
  });
  gauge(registry, 'mimo_semantic_kept_results', 'Semantic results kept for an outage.', watched.semanticKept);
  gauge(
    registry,
    'mimo_semantic_kept_results_max',
    'Semantic results that may be kept at most.',
    () => watched.semanticKeptMax,
  );
}

/** The monitor's values, levels and thresholds. */
export function watchMonitor(registry: Registry, monitor: ResourceMonitor): void {
  gauges(
    registry,
    'mimo_resource_value',
    'A watched resource, in the unit its name ends with.',
    ['resource'],
    () => monitor.watched().map(({ resource, value }) => [{ resource }, value]),
  );
  gauges(registry, 'mimo_resource_level', '0 ok, 1 warn, 2 critical; sustained.', ['resource'], () =>
    monitor.watched().map(({ resource, level }) => [{ resource }, LEVEL_NUMBERS[level]]),
  );
  gauges(
    registry,
    'mimo_resource_threshold',
    'Above which value a resource is too much, by level: warn or critical.',
    ['resource', 'level'],
    () =>
      Object.entries(monitor.thresholds).flatMap(([resource, { warn, critical }]) => [
        [{ resource, level: 'warn' }, warn],
        [{ resource, level: 'critical' }, critical],
      ]),
  );
}

function watchLinks(registry: Registry, guards: readonly Guard[]): void {
  const each = (name: string, help: string, read: (guard: Guard) => number): void =>
    gauges(registry, name, help, ['link'], () => guards.map((guard) => [{ link: guard.link }, read(guard)]));
  each('mimo_link_calls_in_flight', 'Calls under way, by link.', (guard) => guard.inFlight);
  each('mimo_link_calls_in_flight_max', 'Calls under way at most.', (g) => g.policy.bulkhead.concurrent);
  each('mimo_link_calls_waiting', 'Calls that wait for a place, by link.', (guard) => guard.waiting);
  each('mimo_link_calls_waiting_max', 'Such calls at most.', (guard) => guard.policy.bulkhead.queue);
  each(
    'mimo_breaker_open_seconds',
    'Time from tripping to the first probe.',
    (guard) => guard.policy.breaker.openMs / 1_000,
  );
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** A gauge with a value for each of some labels. */
function gauges<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
  read: () => readonly (readonly [Record<L, string>, number])[],
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}
