/** Wrong embeddings, against the Ollama stand-in and a server that answers as OpenAI's API does. */
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { buildOllama } from '../../../services/ollama/server.ts';
import { DIMENSIONS, embed } from '../../../services/ollama/vector.ts';
import { exchanges, type FaultyLink, faultyLink, httpServer } from '../../support/faulty.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const app = buildOllama();
let port: number;
beforeAll(async () => {
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => app.close());

const MODEL = 'nomic-embed-text';
const input = ['falcons nest on ledges', 'owls nest in trees'];
const arm = (attributes: Record<string, unknown>) =>
  faultyLink(cleanup, port, { type: 'embedding_wrong', attributes });

/** Answers `/v1/embeddings`, in base64 where that is asked for. */
async function armOpenAi(attributes: Record<string, unknown>): Promise<FaultyLink> {
  const serverPort = await httpServer(cleanup, async (request, response) => {
    const body = JSON.parse(await text(request)) as { input: string[]; encoding_format?: string };
    const data = body.input.map((words, index) => {
      const vector = embed(MODEL, words);
      const embedding =
        body.encoding_format === 'base64'
          ? Buffer.from(new Float32Array(vector).buffer).toString('base64')
          : vector;
      return { object: 'embedding', index, embedding };
    });
    response.setHeader('content-type', 'application/json');
    const usage = { prompt_tokens: 8, total_tokens: 8 };
    response.end(JSON.stringify({ object: 'list', data, model: MODEL, usage }));
  });
  return faultyLink(cleanup, serverPort, { type: 'embedding_wrong', attributes });
}

type Vectors = number[][];

const throughOllama = async ({ url }: FaultyLink): Promise<Vectors> =>
  (await new Ollama({ host: url }).embed({ model: MODEL, input })).embeddings;
const throughOldOllama = async ({ url }: FaultyLink): Promise<Vectors> => {
  const client = new Ollama({ host: url });
  const answers = await Promise.all(input.map((prompt) => client.embeddings({ model: MODEL, prompt })));
  return answers.map(({ embedding }) => embedding);
};
const openai = async (link: FaultyLink, format?: 'float'): Promise<Vectors> => {
  const client = new OpenAI({ baseURL: `${link.url}/v1`, apiKey: 'none', maxRetries: 0, logLevel: 'off' });
  const asked = { model: MODEL, input, ...(format === undefined ? {} : { encoding_format: format }) };
  return (await client.embeddings.create(asked)).data.map(({ embedding }) => embedding);
};

const length = (vector: readonly number[]): number => Math.hypot(...vector);
const cosine = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

describe.each([
  ['Ollama’s /api/embed', arm, throughOllama],
  ['Ollama’s /api/embeddings', arm, throughOldOllama],
  ['OpenAI’s /v1/embeddings in base64', armOpenAi, openai],
  ['OpenAI’s /v1/embeddings in numbers', armOpenAi, (link: FaultyLink) => openai(link, 'float')],
] as const)('embedding_wrong on %s', (_name, armer, ask) => {
  test.each([
    [{ how: 'dimension', dimension: 512 }, 512],
    [{ how: 'dimension', dimension: 1024 }, 1024],
    [{ how: 'dimension' }, DIMENSIONS / 2],
  ])('%j gives unit vectors of that length', async (attributes, expected) => {
    const link = await armer(attributes);
    for (const vector of await ask(link)) {
      expect(vector).toHaveLength(expected);
      expect(length(vector)).toBeCloseTo(1, 3);
    }
    await exchanges(1)(link);
    expect(link.hits()[0]).toEqual(['f']);
  });

  test('zeros', async () => {
    const vectors = await ask(await armer({ how: 'zeros' }));
    expect(vectors).toHaveLength(2);
    for (const vector of vectors) {
      expect(vector).toHaveLength(DIMENSIONS);
      expect(Array.from(vector).every((x) => x === 0)).toBe(true);
    }
  });

  test('other_model gives the same unrelated unit vectors every time', async () => {
    const link = await armer({ how: 'other_model' });
    const [vectors, again] = [await ask(link), await ask(link)];
    expect(again).toEqual(vectors);
    for (const [i, vector] of vectors.entries()) {
      expect(vector).toHaveLength(DIMENSIONS);
      expect(length(vector)).toBeCloseTo(1, 3);
      expect(Math.abs(cosine(vector, embed(MODEL, input[i] ?? '')))).toBeLessThan(0.2);
    }
    const [one, two] = vectors;
    expect(Math.abs(cosine(one ?? [], two ?? []))).toBeLessThan(0.2);
  });
});

describe('embedding_wrong with nan', () => {
  test('writes the bare word, which a strict parser refuses', async () => {
    const link = await arm({ how: 'nan' });
    const response = await fetch(`${link.url}/api/embed`, {
      method: 'POST',
      body: JSON.stringify({ model: MODEL, input }),
    });
    const body = await response.text();
    expect(body).toContain('"embeddings":[[NaN,NaN,');
    expect(JSON.parse(body.replaceAll('NaN', '0')).embeddings[0]).toHaveLength(DIMENSIONS);
    await expect(throughOllama(link)).rejects.toThrow(/not valid JSON/);
    await exchanges(2)(link);
    expect(link.hits()).toEqual([['f'], ['f']]);
  });

  test('is not a number in base64 either', async () => {
    const [vector = []] = await openai(await armOpenAi({ how: 'nan' }));
    expect(vector).toHaveLength(DIMENSIONS);
    expect(Array.from(vector).every(Number.isNaN)).toBe(true);
  });
});

test('embedding_wrong passes errors and answers without vectors, and hits nothing', async () => {
  const link = await arm({ how: 'zeros' });
  const client = new Ollama({ host: link.url });
  await expect(client.embed({ model: 'unknown', input })).rejects.toThrow(/not found/);
  expect((await client.list()).models.length).toBeGreaterThan(0);
  expect((await client.embeddings({ model: MODEL, prompt: '' })).embedding).toEqual([]);
  await exchanges(3)(link);
  expect(link.hits()).toEqual([[], [], []]);
  expect(link.fault.chooser.hits).toBe(0);
});
