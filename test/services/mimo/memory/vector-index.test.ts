/** The index: order, threshold, bound, and the wall between hash and live vectors. */
import { describe, expect, test } from '@jest/globals';
import { hashVector } from '../../../../services/mimo/memory/hash-vector.ts';
import { VectorIndex } from '../../../../services/mimo/memory/vector-index.ts';
import { engram, realVector } from '../stage.ts';

function indexOf(capacity: number, ...texts: string[]): VectorIndex {
  const index = new VectorIndex(capacity);
  for (const [i, text] of texts.entries())
    index.put({ ...engram(text), id: String(i), revision: BigInt(i + 1) });
  return index;
}

const found = (index: VectorIndex, text: string, limit = 10, threshold = 0.3): string[] =>
  index.search({ vector: realVector(text), source: 'live' }, { limit, threshold }).map((hit) => hit.content);

describe('the vector index', () => {
  test('finds the most similar first and leaves out what is below the threshold', () => {
    const index = indexOf(10, 'red apple', 'green apple tree', 'blue sky', 'red apple pie');
    expect(found(index, 'red apple')).toEqual(['red apple', 'red apple pie', 'green apple tree']);
    expect(found(index, 'red apple', 1)).toEqual(['red apple']);
  });

  test('lets the oldest go when it is full', () => {
    const index = indexOf(2, 'first', 'second', 'third');
    expect(index.size).toBe(2);
    expect(found(index, 'first')).toEqual([]);
    expect(found(index, 'third')).toEqual(['third']);
  });

  test('grows past its first allocation', () => {
    const texts = Array.from({ length: 600 }, (_, n) => `text${n}`);
    expect(found(indexOf(1_000, ...texts), 'text599', 1)).toEqual(['text599']);
  });

  test('never compares a hash vector with a real one', () => {
    const index = new VectorIndex(10);
    const vector = hashVector('a');
    index.put({ ...engram('a', { vector, source: 'hash' }), id: '1', revision: 1n });
    expect(index.search({ vector, source: 'live' }, { limit: 10, threshold: -1 })).toEqual([]);
    expect(index.search({ vector, source: 'hash' }, { limit: 10, threshold: 0.3 })).toHaveLength(1);
  });

  test('takes the newer of two revisions, whatever order they come in', () => {
    const index = new VectorIndex(10);
    index.put({ ...engram('new'), id: '1', revision: 5n });
    index.put({ ...engram('old'), id: '1', revision: 4n });
    expect(found(index, 'new')).toEqual(['new']);
    expect(index.size).toBe(1);
  });
});
