/** What a search should find: the nearest of each query by an exact scan in double precision. */
import { DIMENSION } from '../../services/mimo/memory/hash-vector.ts';
import type { Vectors } from './vectors.ts';

/** Neighbours looked for. */
export const K = 10;

export interface Truth {
  /** Row numbers, {@link K} for each query, nearest first. */
  readonly nearest: Int32Array;
  /** Medians over the queries, of cosines: how much a neighbour stands out. */
  readonly cosines: { readonly nearest: number; readonly tenth: number; readonly anyOther: number };
}

export function findTruth({ base, queries }: Vectors): Truth {
  const queryCount = queries.length / DIMENSION;
  const nearest = new Int32Array(queryCount * K);
  const firsts: number[] = [];
  const tenths: number[] = [];
  const others: number[] = [];
  for (let query = 0; query < queryCount; query += 1) {
    const { rows, cosines, mean } = scan(base, queries.subarray(query * DIMENSION, (query + 1) * DIMENSION));
    nearest.set(rows, query * K);
    firsts.push(cosines[0] ?? Number.NaN);
    tenths.push(cosines[K - 1] ?? Number.NaN);
    others.push(mean);
  }
  return {
    nearest,
    cosines: { nearest: median(firsts), tenth: median(tenths), anyOther: median(others) },
  };
}

function scan(base: Float32Array, query: Float32Array) {
  const rows: number[] = [];
  const cosines: number[] = [];
  const count = base.length / DIMENSION;
  let total = 0;
  for (let row = 0; row < count; row += 1) {
    let cosine = 0;
    const from = row * DIMENSION;
    for (let i = 0; i < DIMENSION; i += 1) cosine += (query[i] ?? 0) * (base[from + i] ?? 0);
    total += cosine;
    if (rows.length === K && cosine <= (cosines[K - 1] ?? 0)) continue;
    let at = rows.length;
    while (at > 0 && (cosines[at - 1] ?? 0) < cosine) at -= 1;
    rows.splice(at, 0, row);
    cosines.splice(at, 0, cosine);
    if (rows.length > K) {
      rows.pop();
      cosines.pop();
    }
  }
  return { rows, cosines, mean: total / count };
}

/** The part of the true neighbours that was found, over all queries. */
export function recall(found: readonly (readonly number[])[], nearest: Int32Array): number {
  let hits = 0;
  found.forEach((rows, query) => {
    const wanted = new Set(nearest.subarray(query * K, (query + 1) * K));
    for (const row of rows.slice(0, K)) if (wanted.has(row)) hits += 1;
  });
  return hits / nearest.length;
}

export function median(numbers: readonly number[]): number {
  return percentile(numbers, 0.5);
}

/** Nearest rank; `part` from 0 to 1. */
export function percentile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
