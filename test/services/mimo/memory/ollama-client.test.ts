/** The Ollama client against recorded answers, above all those that look like success. */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { createOllamaClient } from '../../../../services/mimo/memory/ollama-client.ts';

const trace = { traceId: 'b'.repeat(32), flags: '00' };
const client = createOllamaClient({ baseUrl: 'http://ollama.test', model: 'nomic-embed-text' });
const embed = (...texts: string[]): Promise<Float32Array[]> =>
  client.embed(texts, trace, AbortSignal.timeout(2_000));
const flat = (value: number, length = 768): number[] => Array(length).fill(value);

afterEach(() => nock.cleanAll());
// nock patches the sockets of the whole process, which the next test file shares.
afterAll(() => nock.restore());

describe('the Ollama client', () => {
  test('sends text and trace, and scales the vector to length 1', async () => {
    nock('http://ollama.test', { reqheaders: { traceparent: /^00-b{32}-[0-9a-f]{16}-00$/ } })
      .post('/api/embed', { model: 'nomic-embed-text', input: 'hello' })
      .reply(200, { embeddings: [flat(3)] });
    const [vector] = await embed('hello');
    expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1, 5);
  });

  test('embeds several texts in one call, in order', async () => {
    nock('http://ollama.test')
      .post('/api/embed', { model: 'nomic-embed-text', input: ['a', 'b'] })
      .reply(200, { embeddings: [flat(1), flat(-1)] });
    expect((await embed('a', 'b')).map((vector) => Math.sign(vector[0] ?? 0))).toEqual([1, -1]);
  });

  test.each([
    ['too few dimensions', [flat(1, 512)]],
    ['too many', [flat(1, 1024)]],
    ['only zeros', [flat(0)]],
    ['a number beyond float32', [[1e39, ...flat(1, 767)]]],
    ['a hole', [[null, ...flat(1, 767)]]],
    ['no vector', []],
    ['a vector too many', [flat(1), flat(1)]],
  ])('takes an answer with %s for a fault', async (_, embeddings) => {
    nock('http://ollama.test').post('/api/embed').reply(200, { embeddings });
    await expect(embed('hello')).rejects.toMatchObject({ name: 'DependencyFault', kind: 'malformed' });
  });

  test('takes a missing model for a matter of setup', async () => {
    nock('http://ollama.test').post('/api/embed').reply(404, { error: 'model not found' });
    await expect(embed('hello')).rejects.toMatchObject({ name: 'RequestRefused', kind: 'setup' });
  });
});
