/** Reads the process itself: memory, the delay of the event loop, open handles. Calls nothing outside. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ResourceName } from './resources.ts';

/** How often the delay is sampled, in ms. Fine enough to see a stall of a tenth of a second. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_SECOND = 1e9;

export interface ProcessReadings extends Disposable {
  readonly read: Readonly<
    Record<
      Extract<
        ResourceName,
        'rss_bytes' | 'heap_used_bytes' | 'event_loop_delay_max_seconds' | 'active_handles'
      >,
      () => number
    >
  >;
}

/** Begins to sample the event loop; dispose of it to stop. */
export function readProcess(): ProcessReadings {
  const delay = new LoopDelay();
  return {
    read: {
      rss_bytes: () => process.memoryUsage.rss(),
      heap_used_bytes: () => process.memoryUsage().heapUsed,
      event_loop_delay_max_seconds: () => delay.readSeconds(),
      active_handles: () => process.getActiveResourcesInfo().length,
    },
    [Symbol.dispose]: () => delay.stop(),
  };
}

/**
 * The longest delay of late. The maximum and no percentile: while the loop stands still nothing is
 * sampled, so that a stall of seconds is one sample among hundreds. Two histograms that begin anew in
 * turn: a reset forgets the pause that is under way, and the other one still sees it.
 */
class LoopDelay {
  #elder = startedHistogram();
  #younger = startedHistogram();

  /** Since the last reading but one, in seconds. The sampler's own pause is no delay. */
  readSeconds(): number {
    const maxNs = this.#elder.count === 0 ? 0 : this.#elder.max;
    this.#elder.reset();
    [this.#elder, this.#younger] = [this.#younger, this.#elder];
    return Math.max(0, maxNs / NANOSECONDS_PER_SECOND - RESOLUTION_MS / 1_000);
  }

  stop(): void {
    this.#elder.disable();
    this.#younger.disable();
  }
}

function startedHistogram(): ReturnType<typeof monitorEventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}
