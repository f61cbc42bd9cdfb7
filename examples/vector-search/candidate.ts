/** What is compared: something that is filled with vectors once and then asked for the nearest. */

/** The same graph for everybody: Mimo's index, which has pgvector's defaults. */
export const HNSW = { neighbours: 16, efConstruction: 64 } as const;
/** Candidates looked at per search. 40 is pgvector's default, 200 is what Mimo sets. */
export const EF_SEARCH: readonly number[] = [40, 100, 200];

export interface Candidate {
  /** As in the table. */
  readonly label: string;
  /** The values of ef_search to measure; none for an exact search or where it cannot be set. */
  readonly efs: readonly number[];
  /** @throws Unavailable where it is not on this machine. */
  build(base: Float32Array): Promise<Built>;
}

export interface Built extends AsyncDisposable {
  /** What ran, with version. */
  readonly version: string;
  /** Time until it could be searched, in ms, where that is not all of `build`. */
  readonly buildMs?: number;
  setEf?(ef: number): Promise<void> | void;
  /** Row numbers, nearest first. */
  search(query: Float32Array, count: number): Promise<number[]> | number[];
  /** Memory of a process of its own, in bytes; where there is none, growth of this process is measured. */
  memoryBytes?(): Promise<number>;
  /** Processor time of that process so far, in ms. */
  cpuMs?(): Promise<number>;
}

/** It cannot be measured here; the message says why, and what to do. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
