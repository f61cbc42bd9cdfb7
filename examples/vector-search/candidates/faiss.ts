/**
 * faiss-node: HNSW and exact. FAISS_NODE_ADDON names an addon that was built by hand, where its package cannot be
 * installed. It takes arrays of numbers, and offers no way to set ef_construction (40) or ef_search (16).
 */
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import { type Candidate, HNSW } from '../candidate.ts';
import { loadPackage, versionOf } from '../load-package.ts';

interface Faiss {
  Index: {
    fromFactory(dimensions: number, description: string, metric: number): FaissIndex;
  };
}
interface FaissIndex {
  add(numbers: number[]): void;
  search(numbers: number[], count: number): { labels: number[] };
}

const INNER_PRODUCT = 0;
/** Vectors given at once: an array of numbers is twice as large as a Float32Array. */
const BATCH = 1_000;

function candidate(label: string, description: string): Candidate {
  return {
    label,
    efs: [],
    async build(base) {
      const addon = process.env.FAISS_NODE_ADDON;
      const { Index } = loadPackage<Faiss>('faiss-node', addon);
      const index = Index.fromFactory(DIMENSION, description, INNER_PRODUCT);
      const count = base.length / DIMENSION;
      for (let row = 0; row < count; row += BATCH) {
        index.add(Array.from(base.subarray(row * DIMENSION, (row + BATCH) * DIMENSION)));
      }
      return {
        version: addon === undefined ? versionOf('faiss-node') : 'faiss-node, built by hand',
        search: (query, k) => index.search(Array.from(query), k).labels,
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}

export const faissHnsw = candidate('faiss-node, HNSW, ef 16', `HNSW${HNSW.neighbours},Flat`);
export const faissExact = candidate('faiss-node, exact', 'Flat');
