/**
 * The rig measures itself first: a client whose schedule is known calls the link directly, and what the
 * link says of it is compared with what the client knows. Nothing finer than the error found is claimed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { MeasuredPolicy } from '../model/measured.ts';
import type { Bench } from './bench.ts';
import { median } from './lab.ts';

const GAPS = 12;
const GAP_MS = 40;
const TIMEOUTS = 4;
const TIMEOUT_MS = 120;

export type Calibration = NonNullable<MeasuredPolicy['calibration']>;

/** @param linkUrl where the link listens */
export async function calibrate(bench: Bench, linkUrl: string): Promise<Calibration> {
  const pool = new Pool(linkUrl, { connections: 1 });
  const errors: number[] = [];
  try {
    await bench.arm('status-503');
    const from = bench.now();
    const own: { startMs: number; endMs: number }[] = [];
    for (let i = 0; i < GAPS; i++) {
      const startMs = bench.now();
      const { body } = await pool.request({ method: 'GET', path: '/' });
      await body.dump();
      own.push({ startMs, endMs: bench.now() });
      await delay(GAP_MS);
    }
    const seen = (await bench.attempts()).filter(({ startMs }) => startMs >= from);
    for (let i = 1; i < GAPS; i++) {
      const [before, after, ownBefore, ownAfter] = [seen[i - 1], seen[i], own[i - 1], own[i]];
      if (before === undefined || after === undefined || ownBefore === undefined || ownAfter === undefined)
        continue;
      errors.push(after.startMs - before.endMs - (ownAfter.startMs - ownBefore.endMs));
    }
    await bench.arm('slow-headers');
    for (let i = 0; i < TIMEOUTS; i++) {
      const startMs = bench.now();
      await pool
        .request({ method: 'GET', path: '/', signal: AbortSignal.timeout(TIMEOUT_MS) })
        .catch(() => {});
      const ownMs = bench.now() - startMs;
      await delay(GAP_MS);
      const [attempt] = (await bench.attempts()).filter((one) => one.startMs >= startMs);
      if (attempt !== undefined) errors.push(attempt.endMs - attempt.startMs - ownMs);
    }
  } finally {
    await pool.destroy();
    await bench.heal();
  }
  const sorted = errors.toSorted((a, b) => a - b);
  const spreadMs = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
  return { offsetMs: median(errors), spreadMs, observations: errors.length };
}

/** The error that a calibration allows for. */
export function errorOf({ offsetMs, spreadMs }: Calibration): number {
  return Math.max(1, Math.abs(offsetMs) + spreadMs / 2);
}
