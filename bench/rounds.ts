/**
 * Rounds in which every party is measured the same way, one right after the other. The machine is
 * shared and its speed drifts, so numbers are compared within a round only, and the median of the
 * rounds' ratios counts.
 */
import { download, upload } from './bulk.ts';
import { load } from './wrk.ts';

export const PARTIES = ['direct', 'ours', 'toxiproxy'] as const;
export type Party = (typeof PARTIES)[number];

const LOAD_S = 1;
const BULK_BYTES = 256 * 1024 * 1024;

/** What one party did in one round. */
export interface Measured {
  requestsPerS16: number;
  requestsPerS128: number;
  latencyMsP50: number;
  latencyMsP99: number;
  downloadBytesPerS: number;
  uploadBytesPerS: number;
}
export type Round = Record<Party, Measured>;

/** One round; who goes first changes from round to round. */
export async function measureRound(ports: Record<Party, number>, index: number): Promise<Round> {
  const order = PARTIES.map((_, i) => PARTIES[(i + index) % PARTIES.length] ?? 'direct');
  const each = async <T>(measure: (port: number) => Promise<T>): Promise<Record<Party, T>> => {
    const found: Partial<Record<Party, T>> = {};
    for (const party of order) found[party] = await measure(ports[party]);
    return found as Record<Party, T>;
  };
  const one = await each((port) => load(port, 1, LOAD_S));
  const at16 = await each((port) => load(port, 16, LOAD_S));
  const at128 = await each((port) => load(port, 128, LOAD_S));
  const down = await each((port) => download(port, BULK_BYTES));
  const up = await each((port) => upload(port, BULK_BYTES));
  const of = (party: Party): Measured => ({
    requestsPerS16: at16[party].requestsPerS,
    requestsPerS128: at128[party].requestsPerS,
    latencyMsP50: one[party].latencyMsP50,
    latencyMsP99: one[party].latencyMsP99,
    downloadBytesPerS: down[party],
    uploadBytesPerS: up[party],
  });
  return { direct: of('direct'), ours: of('ours'), toxiproxy: of('toxiproxy') };
}
