/** Whether a proxy's memory stays flat while requests pass. */
import { residentBytes } from './processes.ts';
import { median } from './statistics.ts';
import { load } from './wrk.ts';

const SLICE_S = 1;
const LONG_SLICE_S = 10;
const CONNECTIONS = 16;
const SHORT_REQUESTS = 300_000;
const LONG_REQUESTS = 10_000_000;
/** No machine is so slow; a proxy that hangs must not hold the bench. */
const SLICES_MAX = 200;

export interface Memory {
  requests: number;
  /** Resident at the start, and the median of the last quarter of the samples; bytes. */
  beforeBytes: number;
  afterBytes: number;
  /** All of them, for whoever doubts. */
  samplesBytes: number[];
}

/** Loads the proxy until so many requests have passed; it must be warm when this begins. */
export async function measureMemory(pid: number, port: number, long: boolean): Promise<Memory> {
  const wanted = long ? LONG_REQUESTS : SHORT_REQUESTS;
  const samples = [await residentBytes(pid)];
  let requests = 0;
  for (let slice = 0; requests < wanted && slice < SLICES_MAX; slice++) {
    requests += (await load(port, CONNECTIONS, long ? LONG_SLICE_S : SLICE_S)).requests;
    samples.push(await residentBytes(pid));
  }
  const [beforeBytes = Number.NaN] = samples;
  const lastQuarter = samples.slice(-Math.ceil(samples.length / 4));
  return { requests, beforeBytes, afterBytes: median(lastQuarter), samplesBytes: samples };
}
