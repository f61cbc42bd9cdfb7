import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Ollama } from 'ollama';
import { buildOllama } from '../../../services/ollama/server.ts';
import { DIMENSIONS, embed } from '../../../services/ollama/vector.ts';

const MODEL = 'nomic-embed-text';
const app = buildOllama();
let url: string;
let client: Ollama;

beforeAll(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  client = new Ollama({ host: url });
});
afterAll(() => app.close());

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

describe('the Ollama stand-in, through the official ollama client', () => {
  test('embeds one text and several, each in 768 numbers', async () => {
    const one = await client.embed({ model: MODEL, input: 'falcons nest on cliffs' });
    expect(one.embeddings).toHaveLength(1);
    expect(one.embeddings[0]).toHaveLength(DIMENSIONS);
    const two = await client.embed({ model: MODEL, input: ['falcons nest on cliffs', 'tides'] });
    expect(two.embeddings).toHaveLength(2);
    expect(two.embeddings[0]).toEqual(one.embeddings[0]);
    expect(two.model).toBe(MODEL);
  });

  test('serves the older endpoint with the same vector', async () => {
    const old = await client.embeddings({ model: MODEL, prompt: 'tides' });
    expect(old.embedding).toEqual(embed(MODEL, 'tides'));
  });

  test('lists and shows its models', async () => {
    expect((await client.list()).models.map(({ name }) => name)).toContain(`${MODEL}:latest`);
    expect((await client.show({ model: MODEL })).model_info).toMatchObject({
      'stand-in.embedding_length': DIMENSIONS,
    });
  });

  test('says so in Ollama’s words when it has not got the model', async () => {
    await expect(client.embed({ model: 'none', input: 'x' })).rejects.toThrow(
      'model "none" not found, try pulling it first',
    );
  });

  test('answers no input with no vectors, and bad requests with a sentence', async () => {
    const post = (path: string, body: string) => fetch(url + path, { method: 'POST', body });
    expect(
      await (await post('/api/embed', JSON.stringify({ model: MODEL, input: [] }))).json(),
    ).toMatchObject({ embeddings: [] });
    const bad = await post('/api/embed', '{');
    expect(bad.status).toBe(400);
    expect(await bad.json()).toEqual({ error: expect.any(String) });
    expect((await post('/api/embed', '{}')).status).toBe(400);
  });

  test('shortens a vector to the dimensions asked, normalised again', async () => {
    const { embeddings } = await client.embed({ model: MODEL, input: 'tides', dimensions: 64 });
    expect(embeddings[0]).toHaveLength(64);
    expect(Math.hypot(...(embeddings[0] ?? []))).toBeCloseTo(1, 9);
  });
});

describe('its vectors', () => {
  const cosine = (a: string, b: string): number => dot(embed(MODEL, a), embed(MODEL, b));

  test.each([
    ['the same text', 'falcons nest on cliffs', 'falcons nest on cliffs', 0.999, 1.001],
    ['case and plural', 'Falcon nests', 'falcons nest', 0.97, 1.001],
    ['half the words', 'falcons nest', 'falcons sing', 0.35, 0.65],
    ['no word', 'falcons nest', 'tides turn', -0.15, 0.15],
    ['another order', 'dog bites man', 'man bites dog', 0.95, 0.9999],
  ])('of texts that share %s have a cosine to match', (_what, a, b, low, high) => {
    expect(cosine(a, b)).toBeGreaterThan(low);
    expect(cosine(a, b)).toBeLessThan(high);
  });

  test('differ from model to model', () => {
    expect(Math.abs(dot(embed(MODEL, 'tides'), embed('qwen3-embedding:0.6b', 'tides')))).toBeLessThan(0.15);
  });

  test('have length 1, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Math.hypot(...embed(MODEL, text))).toBeCloseTo(1, 9);
      }),
      { numRuns: 100 },
    );
  });
});

test('a model is loaded at the first call for it, and who comes meanwhile waits for the same loading', async () => {
  const loading = buildOllama({ loadMs: 150 });
  const own = new Ollama({ host: await loading.listen({ host: '127.0.0.1', port: 0 }) });
  try {
    const startMs = performance.now();
    const [first, second] = await Promise.all([
      own.embed({ model: MODEL, input: 'tides' }),
      own.embed({ model: MODEL, input: 'falcons' }),
    ]);
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(140);
    for (const { load_duration } of [first, second]) expect(load_duration).toBeGreaterThan(50 * 1e6);
    expect((await own.embed({ model: MODEL, input: 'violins' })).load_duration).toBeLessThan(50 * 1e6);
  } finally {
    await loading.close();
  }
});
