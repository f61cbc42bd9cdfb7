import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { answerFor, tokens } from '../../../services/llm/answer.ts';
import { buildLlm } from '../../../services/llm/server.ts';

const MODEL = 'stand-in-1';
const app = buildLlm({ tokensPerSecond: 0 });
let url: string;
let client: OpenAI;

beforeAll(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => app.close());

const ask = (content: string) => [{ role: 'user' as const, content }];

describe('the LLM stand-in, through the official openai client', () => {
  test('answers the same question with the same answer, in the words of the question', async () => {
    const one = await client.chat.completions.create({
      model: MODEL,
      messages: ask('Where do falcons nest?'),
    });
    const two = await client.chat.completions.create({
      model: MODEL,
      messages: ask('Where do falcons nest?'),
    });
    const text = one.choices[0]?.message.content ?? '';
    expect(text).toBe(answerFor(ask('Where do falcons nest?')));
    expect(text).toMatch(/falcons nest/);
    expect(two.choices[0]?.message.content).toBe(text);
    expect(two.id).toBe(one.id);
    expect(one.usage).toEqual({
      prompt_tokens: 4,
      completion_tokens: tokens(text).length,
      total_tokens: 4 + tokens(text).length,
    });
    expect(one.choices[0]?.finish_reason).toBe('stop');
  });

  test('streams the same answer in pieces, with usage when asked', async () => {
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: ask('Where do falcons nest?'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let pieces = 0;
    let finish: string | null = null;
    let total = 0;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) pieces++;
      text += choice?.delta.content ?? '';
      finish = choice?.finish_reason ?? finish;
      total = chunk.usage?.total_tokens ?? total;
    }
    expect(text).toBe(answerFor(ask('Where do falcons nest?')));
    expect(pieces).toBeGreaterThan(5);
    expect(finish).toBe('stop');
    expect(total).toBeGreaterThan(4);
  });

  test('ends a stream with [DONE], as the raw wire shows', async () => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: ask('hi'), stream: true }),
    });
    const text = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(text.startsWith('data: {')).toBe(true);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('cuts at max_tokens and at a stop word, and makes JSON when asked', async () => {
    const cut = await client.chat.completions.create({ model: MODEL, messages: ask('a b c'), max_tokens: 3 });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(cut.choices[0]?.message.content).toBe('You asked about');
    const stopped = await client.chat.completions.create({
      model: MODEL,
      messages: ask('a b c'),
      stop: 'about',
    });
    expect(stopped.choices[0]?.message.content).toBe('You asked ');
    const json = await client.chat.completions.create({
      model: MODEL,
      messages: ask('a'),
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(json.choices[0]?.message.content ?? '')).toEqual({ answer: answerFor(ask('a')) });
  });

  test('lists its models, also under OpenRouter’s prefix', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toContain(MODEL);
    const router = new OpenAI({ baseURL: `${url}/api/v1`, apiKey: 'none', maxRetries: 0 });
    const answer = await router.chat.completions.create({
      model: 'kwaipilot/kat-coder-pro:free',
      messages: ask('hi'),
    });
    expect(answer.id).toMatch(/^gen-/);
  });

  test('refuses as the real API does, so that the client throws its typed errors', async () => {
    await expect(client.chat.completions.create({ model: 'gpt-none', messages: ask('hi') })).rejects.toThrow(
      OpenAI.NotFoundError,
    );
    await expect(client.chat.completions.create({ model: MODEL, messages: [] })).rejects.toThrow(
      OpenAI.BadRequestError,
    );
    await expect(
      client.chat.completions.create({ model: MODEL, messages: ask('hi'), max_tokens: 0 }),
    ).rejects.toMatchObject({ status: 400, param: 'max_tokens', code: 'invalid_value' });
    const strict = buildLlm({ requireKey: true });
    const response = await strict.inject({ method: 'POST', url: '/v1/chat/completions', payload: {} });
    expect(response.statusCode).toBe(401);
    await strict.close();
  });

  test('answers what is not JSON, and what is not there, with OpenAI’s error object', async () => {
    const bad = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    const missing = await fetch(`${url}/v2/none`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: 'unknown_url' } });
  });
});

test('with slots it works on so many answers at once, in turn, also for callers that have gone', async () => {
  const finite = buildLlm({ slots: 2, firstTokenMs: 60 });
  const baseURL = `${await finite.listen({ host: '127.0.0.1', port: 0 })}/v1`;
  const own = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
  const endedMs: number[] = [];
  const startMs = performance.now();
  const one = async (signal?: AbortSignal): Promise<void> => {
    await own.chat.completions.create({ model: MODEL, messages: ask('tides') }, { signal: signal ?? null });
    endedMs.push(performance.now() - startMs);
  };
  try {
    const gone = new AbortController();
    const abandoned = Array.from({ length: 4 }, () => one(gone.signal).catch(() => 'gone'));
    // They must have arrived before they go: the first two are answered by then.
    await Promise.race(abandoned);
    gone.abort();
    await Promise.all(abandoned);
    await one();
    // Two rounds of work for those that have gone come first.
    expect(endedMs.at(-1)).toBeGreaterThan(2.5 * 60);
  } finally {
    await finite.close();
  }
});
