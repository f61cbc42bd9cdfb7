import { describe, expect, test } from '@jest/globals';
import { answerOf } from '../../../harness/load/answer.ts';
import { hashOf } from '../../../harness/load/hash.ts';
import { valueAt } from '../../../harness/model/json-path.ts';

describe('an answer', () => {
  test.each([
    ['note run-1 was seen', true],
    ['"run-1"', true],
    ['run-12', false],
    ['run-12 and run-1', true],
    ['run-1-a', false],
    ['', false],
  ])('%j tells of run-1: %p', (text, found) => {
    expect(answerOf(text, { wants: 'run-1' })).toEqual({ wants: 'run-1', found });
  });

  test.each([
    ['{"synthesis":"tides"}', hashOf('"tides"')],
    ['{"synthesis":null}', null],
    ['{"synthesis":""}', null],
    ['{}', null],
    ['<html>', null],
    ['event: message\ndata: {"synthesis":"ebb"}\n\ndata: {"synthesis":"tides"}\n\n', hashOf('"tides"')],
    ['data: no JSON\n\n', null],
  ])('%s has the compared part %p', (text, answer) => {
    expect(answerOf(text, { compare: 'synthesis', question: 'q' })).toEqual({ question: 'q', answer });
  });
});

test('a path leads through fields and indexes, and nowhere else', () => {
  const value = { data: [{ text: 'a' }], length: 3 };
  expect(valueAt(value, 'data.0.text')).toBe('a');
  expect(valueAt(value, 'length')).toBe(3);
  for (const path of ['data.1.text', 'data.0.text.0', 'toString', 'data.0.constructor', ''])
    expect(valueAt(value, path)).toBeUndefined();
});
