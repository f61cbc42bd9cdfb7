/** The stand-in vector: unit length, repeatable, near-orthogonal, and no side effects. */
import { describe, expect, test } from '@jest/globals';
import { hashVector } from '../../../../services/mimo/memory/hash-vector.ts';
import { dot } from '../../../../services/mimo/memory/vector-index.ts';

describe('a hash vector', () => {
  test('has 768 numbers and length 1', () => {
    const vector = hashVector('some text');
    expect(vector).toHaveLength(768);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  test('is the same for the same text', () => {
    expect(hashVector('some text')).toEqual(hashVector('some text'));
  });

  test('is far below the search threshold for any two of 200 texts', () => {
    const vectors = Array.from({ length: 200 }, (_, n) => hashVector(`text ${n}`));
    const worst = Math.max(
      ...vectors.flatMap((a, i) => vectors.slice(i + 1).map((b) => Math.abs(dot(a, b)))),
    );
    expect(worst).toBeLessThan(0.25);
  });
});
