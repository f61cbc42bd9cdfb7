import { describe, expect, test } from '@jest/globals';
import { servedOf } from '../../../harness/load/served.ts';
import { ServedConfig } from '../../../harness/model/outcome.ts';

const links = ['prices'];
const read = (served: object, answer: { status?: number; headers?: Record<string, string>; text?: string }) =>
  servedOf({ status: 200, headers: {}, ...answer }, { served: ServedConfig.parse(served), links });

describe('how an answer was served', () => {
  test.each([
    ['a header', { header: 'X-Cache' }, { headers: { 'x-cache': 'cached' } }, 'cached'],
    ['no header', { header: 'X-Cache' }, {}, null],
    [
      'a word of its own',
      { header: 'X-Cache', ways: { MISS: 'live' } },
      { headers: { 'x-cache': 'MISS' } },
      'live',
    ],
    ['a field', { json: 'meta.source' }, { text: '{"meta":{"source":"live"}}' }, 'live'],
    [
      'a field that is false',
      { json: 'cached', ways: { false: 'live', true: 'cached' } },
      { text: '{"cached":false}' },
      'live',
    ],
    ['no such field', { json: 'source' }, { text: '{}' }, null],
    ['a field that is an object', { json: 'source' }, { text: '{"source":{}}' }, null],
    ['no JSON', { json: 'source' }, { text: '<html>' }, null],
    ['a status', { status: { 200: 'live', 203: 'cached' } }, { status: 203 }, 'cached'],
    ['a status that tells nothing', { status: { 203: 'cached' } }, {}, null],
    [
      'the status before the field',
      { json: 'source', status: { 203: 'cached' } },
      { status: 203, text: '{"source":"live"}' },
      'cached',
    ],
  ])('by %s', (_what, served, answer, servedBy) => {
    expect(read(served, answer).servedBy).toBe(servedBy);
  });

  test.each([
    [{ header: 'a', ageMsHeader: 'age' }, { headers: { age: '12' } }, 12],
    [{ json: 'a', ageMsJson: 'age' }, { text: '{"age":34}' }, 34],
    [{ json: 'a', ageMsJson: 'age' }, { text: '{"age":"old"}' }, null],
    [{ json: 'a' }, { text: '{"age":34}' }, null],
  ])('%j tells the age of %j: %p', (served, answer, ageMs) => {
    expect(read(served, answer).ageMs).toBe(ageMs);
  });

  test('needs something to read', () => {
    expect(() => ServedConfig.parse({ ways: { a: 'b' } })).toThrow(/needs a header, a json path or a status/);
  });
});
