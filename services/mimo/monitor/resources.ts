/**
 * What is watched, and above which values it is too much. Units are the last word of each name.
 * Thresholds follow from the limits where there is one; each can be set by a variable.
 */
import { getHeapStatistics } from 'node:v8';
import type { Limits } from '../limits.ts';

export const RESOURCE_NAMES = [
  'rss_bytes',
  'heap_used_bytes',
  'event_loop_delay_max_seconds',
  'active_handles',
  'write_queue_entries',
  'answer_cache_entries',
  'vector_index_entries',
  'classifier_cache_entries',
] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export interface Thresholds {
  readonly warn: number;
  readonly critical: number;
}
export type ThresholdsByResource = Readonly<Record<ResourceName, Thresholds>>;

const MEBIBYTE = 1024 * 1024;
/** The original's memory thresholds, where nothing narrower limits the process. */
const RSS_BYTES = { warn: 800 * MEBIBYTE, critical: 1_000 * MEBIBYTE };
/** Of a hard limit, in a container or of the heap: at all of it the process dies. */
const OF_LIMIT = { warn: 0.75, critical: 0.9 };
/** A tenth of a second is felt by every caller; half a second is more than a whole attempt in profile fast. */
const EVENT_LOOP_DELAY_S = { warn: 0.1, critical: 0.5 };
/** A request holds a socket to its caller and one to a dependency; kept-alive ones as many again. */
const HANDLES_PER_REQUEST = { warn: 4, critical: 8 };
/** Half a queue is still time to act; at the end of it writes are refused. */
const OF_QUEUE = { warn: 0.5, critical: 0.8 };
/** A cache is full most of the time, and that is well. More than full means that its bound does not hold. */
const OF_CACHE = { warn: 1, critical: 1.1 };

const times = (of: Thresholds, whole: number): Thresholds => ({
  warn: of.warn * whole,
  critical: of.critical * whole,
});

/** The thresholds where none is set. `memoryBytesMax` 0: the process has no memory limit of its own. */
export function thresholdsFor(
  limits: Limits,
  queueCapacity: number,
  memoryBytesMax: number = process.constrainedMemory(),
): ThresholdsByResource {
  const ofMemory = times(OF_LIMIT, memoryBytesMax);
  const isLimited = memoryBytesMax > 0;
  return {
    rss_bytes: {
      warn: isLimited ? Math.min(RSS_BYTES.warn, ofMemory.warn) : RSS_BYTES.warn,
      critical: isLimited ? Math.min(RSS_BYTES.critical, ofMemory.critical) : RSS_BYTES.critical,
    },
    heap_used_bytes: times(OF_LIMIT, getHeapStatistics().heap_size_limit),
    event_loop_delay_max_seconds: EVENT_LOOP_DELAY_S,
    active_handles: times(HANDLES_PER_REQUEST, limits.requestsInFlightMax),
    write_queue_entries: times(OF_QUEUE, queueCapacity),
    answer_cache_entries: times(OF_CACHE, limits.answerCacheEntriesMax),
    vector_index_entries: times(OF_CACHE, limits.vectorIndexEntriesMax),
    classifier_cache_entries: times(OF_CACHE, limits.classifierCacheEntriesMax),
  };
}

/** The variable that sets a threshold: MIMO_RSS_BYTES_WARN. */
export function thresholdVariable(resource: ResourceName, level: keyof Thresholds): string {
  return `MIMO_${resource.toUpperCase()}_${level.toUpperCase()}`;
}
