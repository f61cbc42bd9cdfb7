/**
 * Watches whether the machine lets its processes run. A starved machine makes a target time out for
 * no fault of its own; that has to be seen, or its verdicts would be about the machine.
 */
import { readFileSync } from 'node:fs';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { type Clock, toMs } from '../model/time.ts';

/** Length of one sample. */
const SAMPLE_MS = 250;
/** Period of the timer whose lateness is measured, as jHiccup does (Gil Tene). */
const TICK_MS = 10;

/** Linux's pressure stall information: time in which some process waited for a CPU, in microseconds. */
const PRESSURE_FILE = '/proc/pressure/cpu';

/** Emits a `machine` event per sample until the function it returns is called. */
export function watchMachine(now: Clock, emit: (event: Unnumbered<HistoryEvent>) => void): () => void {
  let fromT = now();
  let tickT = fromT;
  let latestMs = 0;
  let waitedUs = cpuWaitedUs();
  const timer = setInterval(() => {
    const t = now();
    latestMs = Math.max(latestMs, toMs(t - tickT) - TICK_MS);
    tickT = t;
    const lengthMs = toMs(t - fromT);
    if (lengthMs < SAMPLE_MS) return;
    const waitedNowUs = cpuWaitedUs();
    const cpuWaitRatio =
      waitedUs === null || waitedNowUs === null
        ? null
        : Math.min(1, (waitedNowUs - waitedUs) / 1_000 / lengthMs);
    emit({ kind: 'machine', t: fromT, endT: t, cpuWaitRatio, lateMs: Math.max(0, latestMs) });
    fromT = t;
    latestMs = 0;
    waitedUs = waitedNowUs;
  }, TICK_MS);
  return () => clearInterval(timer);
}

function cpuWaitedUs(): number | null {
  try {
    const total = /^some .*total=(\d+)/m.exec(readFileSync(PRESSURE_FILE, 'utf8'))?.[1];
    return total === undefined ? null : Number(total);
  } catch {
    return null; // not Linux, or a kernel without it
  }
}
