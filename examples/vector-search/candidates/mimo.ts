/** Mimo's own index in process, the very code: an exact scan in JavaScript. */
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import { VectorIndex } from '../../../services/mimo/memory/vector-index.ts';
import type { Candidate } from '../candidate.ts';

export const mimo: Candidate = {
  label: 'Mimo, exact scan in process',
  efs: [],
  async build(base) {
    const count = base.length / DIMENSION;
    const index = new VectorIndex(count);
    for (let row = 0; row < count; row += 1) {
      index.put({
        id: String(row),
        revision: BigInt(row + 1),
        content: '',
        category: 'fact',
        importance: 1,
        vector: base.subarray(row * DIMENSION, (row + 1) * DIMENSION),
        source: 'live',
      });
    }
    return {
      version: `Node ${process.versions.node}`,
      search: (vector, limit) =>
        index.search({ vector, source: 'live' }, { limit, threshold: -1 }).map(({ id }) => Number(id)),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};
