/** Levels of resources: how they rise and fall, and what is told of it. No waiting: the clock is given. */
import { describe, expect, test } from '@jest/globals';
import { LIMITS_DEFAULT } from '../../../../services/mimo/limits.ts';
import { readProcess } from '../../../../services/mimo/monitor/readings.ts';
import { createResourceMonitor } from '../../../../services/mimo/monitor/resource-monitor.ts';
import {
  RESOURCE_NAMES,
  type ResourceName,
  thresholdsFor,
} from '../../../../services/mimo/monitor/resources.ts';
import { MonitorVariables, monitorSettingsFrom } from '../../../../services/mimo/monitor/settings.ts';

const MEBIBYTE = 1024 * 1024;
/** Long enough for the sampler of the event loop to take a few samples. */
const SAMPLES_MS = 100;

function stage() {
  const values = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, 0])) as Record<ResourceName, number>;
  const told: string[] = [];
  let atMs = 0;
  const monitor = createResourceMonitor({
    settings: { intervalMs: 1_000, sustainedMs: 2_000, hysteresis: 0.1 },
    thresholds: {
      ...thresholdsFor(LIMITS_DEFAULT, 100, 0),
      write_queue_entries: { warn: 50, critical: 80 },
    },
    read: Object.fromEntries(RESOURCE_NAMES.map((name) => [name, () => values[name]])) as Record<
      ResourceName,
      () => number
    >,
    onChange: ({ resource, from, to, value }) => told.push(`${resource} ${from}>${to} at ${value}`),
    nowMs: () => atMs,
  });
  return {
    monitor,
    told,
    /** The queue holds this for so many seconds. */
    queue(entries: number, seconds: number) {
      values.write_queue_entries = entries;
      for (let second = 0; second < seconds; second += 1) {
        atMs += 1_000;
        monitor.look();
      }
    },
  };
}

describe('the resource monitor', () => {
  test('goes up to warn and critical and down again, each change told once', () => {
    const { queue, told, monitor } = stage();
    queue(60, 10);
    queue(90, 10);
    queue(75, 10);
    queue(70, 10);
    queue(10, 10);
    expect(told).toEqual([
      'write_queue_entries ok>warn at 60',
      'write_queue_entries warn>critical at 90',
      'write_queue_entries critical>warn at 70',
      'write_queue_entries warn>ok at 10',
    ]);
    expect(monitor.watched()).toHaveLength(RESOURCE_NAMES.length);
  });

  test('a jump far beyond goes to critical at once, not by way of warn', () => {
    const { queue, told } = stage();
    queue(95, 10);
    expect(told).toEqual(['write_queue_entries ok>critical at 95']);
  });

  test('says nothing of what does not last', () => {
    const { queue, told } = stage();
    for (let n = 0; n < 10; n += 1) {
      queue(95, 2);
      queue(0, 1);
    }
    expect(told).toEqual([]);
  });
});

describe('the thresholds', () => {
  test('of memory are the original ones, or shares of what the container allows', () => {
    expect(thresholdsFor(LIMITS_DEFAULT, 100, 0).rss_bytes).toEqual({
      warn: 800 * MEBIBYTE,
      critical: 1_000 * MEBIBYTE,
    });
    const inContainer = thresholdsFor(LIMITS_DEFAULT, 100, 256 * MEBIBYTE).rss_bytes;
    expect(inContainer.critical).toBeLessThan(256 * MEBIBYTE);
    expect(inContainer.warn).toBeLessThan(inContainer.critical);
  });

  test('warn before they are critical, and do so before the queue is full', () => {
    const thresholds = thresholdsFor(LIMITS_DEFAULT, 1_000, 0);
    for (const { warn, critical } of Object.values(thresholds)) expect(warn).toBeLessThan(critical);
    expect(thresholds.write_queue_entries.critical).toBeLessThan(1_000);
  });

  test('a full cache is no fault; one beyond its bound is', () => {
    const { vector_index_entries } = thresholdsFor(LIMITS_DEFAULT, 1_000, 0);
    expect(vector_index_entries.warn).toBe(LIMITS_DEFAULT.vectorIndexEntriesMax);
  });

  test('can be set, each by a variable', () => {
    const variables = MonitorVariables.parse({
      MIMO_RSS_BYTES_WARN: '1000',
      MIMO_WRITE_QUEUE_ENTRIES_CRITICAL: '7',
    });
    expect(monitorSettingsFrom(variables).thresholds).toMatchObject({
      rss_bytes: { warn: 1_000 },
      write_queue_entries: { critical: 7 },
    });
  });
});

describe('the readings of the process', () => {
  test('are real: memory in use, open handles, and a loop that stood still', async () => {
    using readings = readProcess();
    const { read } = readings;
    expect(read.rss_bytes()).toBeGreaterThan(read.heap_used_bytes());
    expect(read.heap_used_bytes()).toBeGreaterThan(MEBIBYTE);
    const before = read.active_handles();
    const timer = setInterval(() => {}, 60_000);
    expect(read.active_handles()).toBeGreaterThan(before);
    clearInterval(timer);
    await new Promise((resolve) => setTimeout(resolve, SAMPLES_MS)); // the sampler has begun
    const endMs = performance.now() + 300;
    while (performance.now() < endMs); // the loop stands still
    // Read at once: the pause is not yet over for the sampler, and must not be forgotten for that.
    let delayS = read.event_loop_delay_max_seconds();
    for (let look = 0; look < 20 && delayS < 0.15; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLES_MS));
      delayS = read.event_loop_delay_max_seconds();
    }
    expect(delayS).toBeGreaterThan(0.15);
  });
});
