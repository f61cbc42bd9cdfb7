/** hnswlib-node: the HNSW of its inventors. It takes arrays of numbers, so a vector is copied for each call. */
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import { type Candidate, EF_SEARCH, HNSW } from '../candidate.ts';
import { loadPackage, versionOf } from '../load-package.ts';

interface Hnswlib {
  HierarchicalNSW: new (
    space: 'cosine',
    dimensions: number,
  ) => {
    initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
    addPoint(point: number[], label: number): void;
    setEf(ef: number): void;
    searchKnn(point: number[], count: number): { neighbors: number[] };
  };
}

export const hnswlib: Candidate = {
  label: 'hnswlib-node, HNSW',
  efs: EF_SEARCH,
  async build(base) {
    const { HierarchicalNSW } = loadPackage<Hnswlib>('hnswlib-node');
    const index = new HierarchicalNSW('cosine', DIMENSION);
    const count = base.length / DIMENSION;
    index.initIndex({
      maxElements: count,
      m: HNSW.neighbours,
      efConstruction: HNSW.efConstruction,
      randomSeed: 100,
    });
    for (let row = 0; row < count; row += 1) {
      index.addPoint(Array.from(base.subarray(row * DIMENSION, (row + 1) * DIMENSION)), row);
    }
    return {
      version: versionOf('hnswlib-node'),
      setEf: (ef) => index.setEf(ef),
      search: (query, k) => index.searchKnn(Array.from(query), k).neighbors,
      [Symbol.asyncDispose]: async () => {},
    };
  },
};
