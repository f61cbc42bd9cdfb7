/**
 * Loaded into the profiled process before its own code (`node --import`). Records nothing until SIGUSR2: then CPU and
 * heap profilers run until the next one, which writes what they saw to PROFILE_DIR and goes away. Known to nothing
 * of the service.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { getHeapStatistics } from 'node:v8';
import type { Snapshot } from './sections.ts';

/** Fine enough that a function of 1 % has some hundred samples in ten seconds, and cheap. */
const CPU_INTERVAL_US = 500;
/** One sample for so many bytes allocated on average. */
const HEAP_INTERVAL_BYTES = 16 * 1024;

const { PROFILE_DIR: dir } = process.env;
const session = new Session();
session.connect();

let before: Snapshot | null = null;
// The steps of one signal must be over before those of the next begin.
let turn: Promise<void> = Promise.resolve();
if (dir !== undefined)
  process.on('SIGUSR2', () => {
    turn = turn
      .then(() => (before === null ? begin() : end(before, dir)))
      .catch((error: unknown) => {
        writeFileSync(path.join(dir, 'failed.txt'), String(error));
      });
  });

async function begin(): Promise<void> {
  await session.post('HeapProfiler.enable');
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
  const snapshot = await settled();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: HEAP_INTERVAL_BYTES,
    // Else what is thrown away again, which is most, would not be seen.
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await session.post('Profiler.start');
  before = snapshot;
  writeFileSync(path.join(dir ?? '', 'begun.json'), JSON.stringify(snapshot));
}

async function end(start: Snapshot, folder: string): Promise<void> {
  const { profile: cpu } = await session.post('Profiler.stop');
  const { profile: heap } = await session.post('HeapProfiler.stopSampling');
  const write = (file: string, value: unknown): void =>
    writeFileSync(path.join(folder, file), JSON.stringify(value));
  write('cpu.cpuprofile', cpu);
  write('heap.heapprofile', heap);
  write('heap.json', { before: start, after: await settled() });
  before = null;
}

/** What is alive: after a collection of all garbage. */
async function settled(): Promise<Snapshot> {
  await session.post('HeapProfiler.collectGarbage');
  const { used_heap_size, external_memory } = getHeapStatistics();
  return {
    heapBytes: used_heap_size,
    externalBytes: external_memory,
    residentBytes: process.memoryUsage.rss(),
  };
}
