/**
 * Every number Mimo exports, in one place, so that a dashboard or rule can be checked against it.
 * Names and labels are a contract; label values come from small fixed sets.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MimoEvent } from './events.ts';
import { type Gauges, watchGauges, watchMonitor } from './gauges.ts';
import type { Level } from './monitor/latch.ts';
import type { ResourceMonitor } from './monitor/resource-monitor.ts';
import { LINK_NAMES, type LinkName } from './policy.ts';
import type { BreakerState } from './resilience/breaker.ts';
import type { CallOutcome } from './resilience/guard.ts';
import { EXHAUSTED_BY, type ExhaustedBy } from './resilience/retry.ts';
import type { Served, ServedBy } from './served.ts';
import { createUsageMetrics, type UsageMetrics } from './usage-metrics.ts';

/** From a memory hit to the longest answer of the production profile, in seconds. */
const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];

const STATE_NUMBERS: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** What can happen to a breaker. */
const TRANSITIONS: readonly (readonly [BreakerState, BreakerState])[] = [
  ['closed', 'open'],
  ['open', 'half-open'],
  ['half-open', 'closed'],
  ['half-open', 'open'],
];
const LEVELS: readonly Level[] = ['ok', 'warn', 'critical'];
/** What each link can be served by. */
const ORIGINS: Readonly<Record<LinkName, readonly ServedBy[]>> = {
  llm: ['live', 'backup', 'cached', 'rules', 'default'],
  // What a further provider answers is counted under the link `llm`, as `backup`.
  'llm-2': [],
  'llm-3': [],
  ollama: ['live', 'hash'],
  database: ['live', 'memory'],
};
/** The routes whose answers callers wait for, and the statuses that say how they fared. */
const ROUTES = ['/v1/mimo/ask', '/v1/mimo/tool'];
/** Not every caller wants pieces: without one its quantiles are no numbers, so its times begin with the first. */
const ASK_STREAM = '/v1/mimo/ask/stream';
const STATUSES = [200, 201, 202, 400, 429, 500, 502, 503, 504];

export interface Metrics {
  readonly contentType: string;
  /** LLM answers, the classifier and MCP calls. */
  readonly usage: UsageMetrics;
  /** Counts what {@link MimoEvent} tells of. */
  event(event: MimoEvent): void;
  call(link: LinkName, outcome: CallOutcome): void;
  retried(link: LinkName): void;
  exhausted(link: LinkName, reason: ExhaustedBy): void;
  rateLimited(): void;
  watchResources(monitor: ResourceMonitor): void;
  served(served: Served): void;
  request(route: string, status: number, seconds: number): void;
  watch(gauges: Gauges): void;
  text(): Promise<string>;
}

export function createMetrics(links: readonly LinkName[] = LINK_NAMES): Metrics {
  // A registry of its own: two services in one process, as in tests, do not add up.
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'mimo_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'mimo_request_duration_seconds',
    help: 'Time to answer, by route.',
    labelNames: ['route'],
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  const served = new Counter({
    name: 'mimo_served_total',
    help: 'Parts of answers, by link and origin: live, backup, hash, memory, cached, rules or default.',
    labelNames: ['link', 'by'],
    registers,
  });
  const retries = new Counter({
    name: 'mimo_retries_total',
    help: 'Tries after the first, by link.',
    labelNames: ['link'],
    registers,
  });
  const calls = new Counter({
    name: 'mimo_dependency_calls_total',
    help: 'Guarded calls by link and outcome; rejected ones never left the process.',
    labelNames: ['link', 'outcome'],
    registers,
  });
  const transitions = new Counter({
    name: 'mimo_breaker_transitions_total',
    help: 'Changes of breaker state, by link.',
    labelNames: ['link', 'from', 'to'],
    registers,
  });
  const states = new Gauge({
    name: 'mimo_breaker_state',
    help: 'Breaker state by link: 0 closed, 1 half-open, 2 open.',
    labelNames: ['link'],
    registers,
  });
  const exhausted = new Counter({
    name: 'mimo_retry_exhausted_total',
    help: 'Calls given up after a transient fault, by link and reason: attempts, deadline or breaker.',
    labelNames: ['link', 'reason'],
    registers,
  });
  const rateLimited = new Counter({
    name: 'mimo_rate_limited_total',
    help: 'Requests refused because their client sent too many.',
    registers,
  });
  const levelChanges = new Counter({
    name: 'mimo_resource_level_changes_total',
    help: 'Changes of level of a watched resource: ok, warn or critical.',
    labelNames: ['resource', 'from', 'to'],
    registers,
  });
  // A series that appears only with the first failure cannot be told from one that was renamed, and
  // what it first shows is no increase to Prometheus.
  for (const link of links) {
    states.set({ link }, STATE_NUMBERS.closed);
    retries.inc({ link }, 0);
    for (const outcome of ['success', 'failure', 'rejected']) calls.inc({ link, outcome }, 0);
    for (const [from, to] of TRANSITIONS) transitions.inc({ link, from, to }, 0);
    for (const by of ORIGINS[link]) served.inc({ link, by }, 0);
  }
  // Only the database's calls are tried again.
  for (const reason of EXHAUSTED_BY) exhausted.inc({ link: 'database', reason }, 0);
  for (const route of ROUTES) durations.zero({ route });
  for (const route of [...ROUTES, ASK_STREAM]) {
    for (const status of STATUSES) requests.inc({ route, status: String(status) }, 0);
  }

  return {
    contentType: registry.contentType,
    usage: createUsageMetrics(registry),
    event(told) {
      switch (told.event) {
        case 'breaker_transition': {
          const { link, from, to } = told;
          transitions.inc({ link, from, to });
          states.set({ link }, STATE_NUMBERS[to]);
          break;
        }
        case 'resource_level_change': {
          const { resource, from, to } = told;
          levelChanges.inc({ resource, from, to });
          break;
        }
        default:
          told satisfies never;
      }
    },
    call: (link, outcome) => calls.inc({ link, outcome }),
    retried: (link) => retries.inc({ link }),
    exhausted: (link, reason) => exhausted.inc({ link, reason }),
    rateLimited: () => rateLimited.inc(),
    watchResources(monitor) {
      for (const { resource } of monitor.watched())
        for (const from of LEVELS)
          for (const to of LEVELS) if (from !== to) levelChanges.inc({ resource, from, to }, 0);
      watchMonitor(registry, monitor);
    },
    served({ links }) {
      for (const [link, part] of Object.entries(links)) served.inc({ link, by: part.by });
    },
    request(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      durations.observe({ route }, seconds);
    },
    watch: (watched) => watchGauges(registry, watched),
    text: () => registry.metrics(),
  };
}
