/** usearch: HNSW with full and with 8-bit numbers, and its exact search. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import { type Candidate, EF_SEARCH, HNSW } from '../candidate.ts';
import { loadPackage, versionOf } from '../load-package.ts';

interface Matches {
  readonly keys: BigUint64Array;
}
interface Usearch {
  Index: new (config: {
    dimensions: number;
    metric: string;
    quantization: string;
    connectivity: number;
    expansion_add: number;
    expansion_search: number;
    multi: boolean;
  }) => {
    add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
    search(vector: Float32Array, count: number, threads: number): Matches;
    save(file: string): void;
    load(file: string): void;
  };
  exactSearch(
    base: Float32Array,
    queries: Float32Array,
    dimensions: number,
    count: number,
    metric: string,
    threads: number,
  ): Matches;
}

const THREADS = 1;
/** Vectors given at once; it bounds what is copied. */
const BATCH = 1_000;

type Quantization = 'f32' | 'i8';

function hnsw(label: string, quantization: Quantization): Candidate {
  return {
    label,
    efs: EF_SEARCH,
    async build(base) {
      const { Index } = loadPackage<Usearch>('usearch');
      const make = (ef: number) =>
        new Index({
          dimensions: DIMENSION,
          metric: 'cos',
          quantization,
          connectivity: HNSW.neighbours,
          expansion_add: HNSW.efConstruction,
          expansion_search: ef,
          multi: false,
        });
      let index = make(EF_SEARCH[0] ?? HNSW.efConstruction);
      const count = base.length / DIMENSION;
      for (let row = 0; row < count; row += BATCH) {
        const rows = Math.min(BATCH, count - row);
        const keys = BigUint64Array.from({ length: rows }, (_, i) => BigInt(row + i));
        index.add(keys, base.subarray(row * DIMENSION, (row + rows) * DIMENSION), THREADS);
      }
      const folder = await mkdtemp(path.join(tmpdir(), 'usearch-'));
      const file = path.join(folder, 'index.usearch');
      return {
        version: versionOf('usearch'),
        // The binding takes ef_search when an index is made and cannot change it: the same graph, read again.
        setEf(ef) {
          index.save(file);
          index = make(ef);
          index.load(file);
        },
        search: (query, k) => Array.from(index.search(query, k, THREADS).keys, Number),
        [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
      };
    },
  };
}

export const usearch = hnsw('usearch, HNSW', 'f32');
export const usearchI8 = hnsw('usearch, HNSW, 8-bit numbers', 'i8');

export const usearchExact: Candidate = {
  label: 'usearch, exact',
  efs: [],
  async build(base) {
    const { exactSearch } = loadPackage<Usearch>('usearch');
    return {
      version: versionOf('usearch'),
      // A copy: of a view it reads the beginning of the buffer instead, and answers another question.
      search: (query, k) =>
        Array.from(exactSearch(base, query.slice(), DIMENSION, k, 'cos', THREADS).keys, Number),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};
