/**
 * Compares each resource with its thresholds at a steady pace, remembers its level and tells of every
 * change. Knows no metric and no log; clock and readings are given, so a test needs no waiting.
 */
import { Latch, type Level } from './latch.ts';
import { RESOURCE_NAMES, type ResourceName, type ThresholdsByResource } from './resources.ts';
import type { MonitorSettings } from './settings.ts';

export interface Watched {
  readonly resource: ResourceName;
  /** As of the last look. */
  readonly value: number;
  readonly level: Level;
}

export interface LevelChange {
  readonly resource: ResourceName;
  readonly from: Level;
  readonly to: Level;
  readonly value: number;
}

export interface ResourceMonitorOptions {
  readonly settings: Pick<MonitorSettings, 'intervalMs' | 'sustainedMs' | 'hysteresis'>;
  readonly thresholds: ThresholdsByResource;
  readonly read: Readonly<Record<ResourceName, () => number>>;
  readonly onChange: (change: LevelChange) => void;
  /** Steady, in ms. */
  readonly nowMs?: () => number;
}

export interface ResourceMonitor {
  readonly thresholds: ThresholdsByResource;
  /** Looks now, beside the steady pace. */
  look(): void;
  /** Every resource as of the last look. */
  watched(): readonly Watched[];
  /** Begins to look every `intervalMs`. */
  start(): void;
  close(): void;
}

interface Entry {
  value: number;
  level: Level;
  readonly warn: Latch;
  readonly critical: Latch;
}

/** Looks once at once, so that there is a value from the first moment. */
export function createResourceMonitor(options: ResourceMonitorOptions): ResourceMonitor {
  const { settings, thresholds, read, onChange, nowMs = () => performance.now() } = options;
  const entries = new Map<ResourceName, Entry>(
    RESOURCE_NAMES.map((resource) => {
      const latch = (threshold: number): Latch => new Latch({ ...settings, threshold });
      const { warn, critical } = thresholds[resource];
      return [resource, { value: 0, level: 'ok', warn: latch(warn), critical: latch(critical) }];
    }),
  );
  let timer: NodeJS.Timeout | null = null;

  function look(): void {
    const atMs = nowMs();
    for (const [resource, entry] of entries) {
      entry.value = read[resource]();
      const isWarn = entry.warn.take(entry.value, atMs);
      const isCritical = entry.critical.take(entry.value, atMs);
      const from = entry.level;
      entry.level = isCritical ? 'critical' : isWarn ? 'warn' : 'ok';
      if (entry.level !== from) onChange({ resource, from, to: entry.level, value: entry.value });
    }
  }

  look();
  return {
    thresholds,
    look,
    watched: () => [...entries].map(([resource, { value, level }]) => ({ resource, value, level })),
    start() {
      timer ??= setInterval(look, settings.intervalMs).unref();
    },
    close() {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };
}
