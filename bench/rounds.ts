/**
 * Rounds in which every party is measured the same way, one right after the other. The machine is
 * shared and its speed drifts, so numbers are compared within a round only, and the median of the
 * rounds' ratios counts.
 */
import { download, upload } from './bulk.ts';
import { measureLatencies } from './latency.ts';
import { cpuMs } from './processes.ts';
import { load } from './wrk.ts';

export const PARTIES = ['direct', 'ours', 'toxiproxy'] as const;
export type Party = (typeof PARTIES)[number];

const LOAD_S = 1;
const US_PER_MS = 1_000;
const BULK_BYTES = 256 * 1024 * 1024;

/** What one party did in one round. */
export interface Measured {
  requestsPerS16: number;
  requestsPerS128: number;
  /** CPU time of the proxy for each of those at 16 connections; of no meaning for `direct`. */
  cpuUsPerRequest16: number;
  latencyMsP50: number;
  latencyMsP99: number;
  downloadBytesPerS: number;
  uploadBytesPerS: number;
}
export type Round = Record<Party, Measured>;

/** What is measured: where it listens, and the process that does the work. */
export type Contestants = Record<Party, { port: number; pid: number }>;

/** One round; who goes first changes from round to round. */
export async function measureRound(contestants: Contestants, index: number): Promise<Round> {
  const order = PARTIES.map((_, i) => PARTIES[(i + index) % PARTIES.length] ?? 'direct');
  const each = async <T>(measure: (port: number, pid: number) => Promise<T>): Promise<Record<Party, T>> => {
    const found: Partial<Record<Party, T>> = {};
    for (const party of order) {
      const { port, pid } = contestants[party];
      found[party] = await measure(port, pid);
    }
    return found as Record<Party, T>;
  };
  const latencies = await measureLatencies(order.map((party) => contestants[party].port));
  const at16 = await each(async (port, pid) => {
    const beforeMs = await cpuMs(pid);
    const { requests, requestsPerS } = await load(port, 16, LOAD_S);
    return { requestsPerS, cpuUsPerRequest: (((await cpuMs(pid)) - beforeMs) * US_PER_MS) / requests };
  });
  const at128 = await each((port) => load(port, 128, LOAD_S));
  const down = await each((port) => download(port, BULK_BYTES));
  const up = await each((port) => upload(port, BULK_BYTES));
  const of = (party: Party): Measured => ({
    requestsPerS16: at16[party].requestsPerS,
    cpuUsPerRequest16: at16[party].cpuUsPerRequest,
    requestsPerS128: at128[party].requestsPerS,
    latencyMsP50: latencies[order.indexOf(party)]?.msP50 ?? Number.NaN,
    latencyMsP99: latencies[order.indexOf(party)]?.msP99 ?? Number.NaN,
    downloadBytesPerS: down[party],
    uploadBytesPerS: up[party],
  });
  return { direct: of('direct'), ours: of('ours'), toxiproxy: of('toxiproxy') };
}
