/** The monitor of this process: its readings and bounds, its changes told as events. */
import type { Events } from '../events.ts';
import type { Limits } from '../limits.ts';
import type { WriteQueue } from '../memory/write-queue.ts';
import { readProcess } from './readings.ts';
import { createResourceMonitor, type ResourceMonitor } from './resource-monitor.ts';
import { RESOURCE_NAMES, type ThresholdsByResource, thresholdsFor } from './resources.ts';
import type { MonitorSettings } from './settings.ts';

export interface WatchOptions {
  readonly settings: MonitorSettings;
  readonly limits: Limits;
  readonly queue: WriteQueue;
  readonly answers: () => number;
  readonly vectors: () => number;
  readonly classifications: () => number;
  readonly events: Events;
}

/** Begins to watch; close it to stop. */
export function watchResources({
  settings,
  limits,
  queue,
  answers,
  vectors,
  classifications,
  events,
}: WatchOptions): ResourceMonitor {
  const process = readProcess();
  const monitor = createResourceMonitor({
    settings,
    thresholds: withGiven(thresholdsFor(limits, queue.capacity), settings),
    read: {
      ...process.read,
      write_queue_entries: () => queue.depth,
      answer_cache_entries: answers,
      vector_index_entries: vectors,
      classifier_cache_entries: classifications,
    },
    onChange: (change) => events.tell({ event: 'resource_level_change', ...change }),
  });
  monitor.start();
  return {
    ...monitor,
    close() {
      monitor.close();
      process[Symbol.dispose]();
    },
  };
}

function withGiven(usual: ThresholdsByResource, { thresholds }: MonitorSettings): ThresholdsByResource {
  return Object.fromEntries(
    RESOURCE_NAMES.map((resource) => [resource, { ...usual[resource], ...thresholds[resource] }]),
  ) as ThresholdsByResource;
}
