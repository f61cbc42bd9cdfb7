/**
 * Every number Mimo exports, in one place, so that a dashboard or rule can be checked against it.
 * Names and labels are a contract; label values come from small fixed sets.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { LINK_NAMES, type LinkName } from './policy.ts';
import type { BreakerState, Transition } from './resilience/breaker.ts';
import type { CallOutcome } from './resilience/guard.ts';
import type { Served } from './served.ts';

/** From a memory hit to the longest answer of the production profile, in seconds. */
const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];

const STATE_NUMBERS: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** Read when the metrics are scraped. */
export interface Gauges {
  readonly queueDepth: () => number;
  readonly queueCapacity: () => number;
  readonly pendingReembeds: () => number;
  readonly inFlight: () => number;
  readonly inFlightMax: number;
  readonly bodyBytesMax: number;
}

export interface Metrics {
  readonly contentType: string;
  transition(transition: Transition): void;
  call(link: LinkName, outcome: CallOutcome): void;
  retried(link: LinkName): void;
  served(served: Served): void;
  request(route: string, status: number, seconds: number): void;
  watch(gauges: Gauges): void;
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
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
    help: 'Parts of answers, by link and origin: live, hash, memory, cached or default.',
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
  // A series that appears only with the first failure cannot be told from one that was renamed.
  for (const link of LINK_NAMES) {
    states.set({ link }, STATE_NUMBERS.closed);
    retries.inc({ link }, 0);
    for (const outcome of ['success', 'failure', 'rejected']) calls.inc({ link, outcome }, 0);
  }

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  return {
    contentType: registry.contentType,
    transition({ link, from, to }) {
      transitions.inc({ link, from, to });
      states.set({ link }, STATE_NUMBERS[to]);
    },
    call: (link, outcome) => calls.inc({ link, outcome }),
    retried: (link) => retries.inc({ link }),
    served({ links }) {
      for (const [link, part] of Object.entries(links)) served.inc({ link, by: part.by });
    },
    request(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      durations.observe({ route }, seconds);
    },
    watch(gauges) {
      gauge('mimo_write_queue_depth', 'Writes that wait for the database.', gauges.queueDepth);
      gauge('mimo_write_queue_capacity', 'Writes that may wait at most.', gauges.queueCapacity);
      gauge('mimo_pending_reembeds', 'Memories that wait for a real embedding.', gauges.pendingReembeds);
      gauge('mimo_requests_in_flight', 'Requests being answered.', gauges.inFlight);
      gauge(
        'mimo_requests_in_flight_max',
        'Limit above which requests are refused.',
        () => gauges.inFlightMax,
      );
      gauge('mimo_request_body_bytes_max', 'Longest request body accepted.', () => gauges.bodyBytesMax);
    },
    text: () => registry.metrics(),
  };
}
