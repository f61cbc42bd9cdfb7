/** What Mimo's scan would be with four sums at once: an addition need not wait for the one before it. */
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import type { Candidate } from '../candidate.ts';

export const fourSums: Candidate = {
  label: 'exact scan in JavaScript, four sums',
  efs: [],
  async build(base) {
    return {
      version: `Node ${process.versions.node}`,
      search: (query, count) => scan(base, query, count),
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

function scan(base: Float32Array, query: Float32Array, count: number): number[] {
  const rows: number[] = [];
  const cosines: number[] = [];
  for (let row = 0; row < base.length / DIMENSION; row += 1) {
    const cosine = dot(query, base, row * DIMENSION);
    if (rows.length === count && cosine <= (cosines[count - 1] ?? 0)) continue;
    let at = rows.length;
    while (at > 0 && (cosines[at - 1] ?? 0) < cosine) at -= 1;
    rows.splice(at, 0, row);
    cosines.splice(at, 0, cosine);
    if (rows.length > count) {
      rows.pop();
      cosines.pop();
    }
  }
  return rows;
}

function dot(a: Float32Array, rows: Float32Array, offset: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let i = 0; i < DIMENSION; i += 4) {
    first += (a[i] ?? 0) * (rows[offset + i] ?? 0);
    second += (a[i + 1] ?? 0) * (rows[offset + i + 1] ?? 0);
    third += (a[i + 2] ?? 0) * (rows[offset + i + 2] ?? 0);
    fourth += (a[i + 3] ?? 0) * (rows[offset + i + 3] ?? 0);
  }
  return first + second + third + fourth;
}
