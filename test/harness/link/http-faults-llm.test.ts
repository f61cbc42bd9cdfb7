/** Faults on LLM answers, against the stand-in and a chat as Ollama sends it, through the official clients. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import type { FaultInput } from '../../../harness/model/fault.ts';
import { buildLlm } from '../../../services/llm/server.ts';
import { exchanges, type FaultyLink, faultyLink, httpServer } from '../../support/faulty.ts';
import {
  answerTokens,
  ollama,
  ollamaQuestion,
  ollamaStream,
  openai,
  openaiStream,
  question,
} from '../../support/llm-clients.ts';
import { OLLAMA_WORDS, ollamaChat } from '../../support/ollama-chat.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const llm = buildLlm();
let llmPort: number;
beforeAll(async () => {
  llmPort = Number(new URL(await llm.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => llm.close());

const arm = (fault: FaultInput) => faultyLink(cleanup, llmPort, fault);
const armOllama = async (fault: FaultInput) =>
  faultyLink(cleanup, await httpServer(cleanup, ollamaChat), fault);

const hit = async (link: FaultyLink, expected: string[] = ['f']) => {
  await exchanges(1)(link);
  expect(link.hits()[0]).toEqual(expected);
};

describe('http_status', () => {
  test.each([
    [400, OpenAI.BadRequestError, 'invalid_request_error', null],
    [401, OpenAI.AuthenticationError, 'invalid_request_error', 'invalid_api_key'],
    [404, OpenAI.NotFoundError, 'invalid_request_error', 'model_not_found'],
    [408, OpenAI.APIError, 'internal_error', 'request_timeout'],
    [429, OpenAI.RateLimitError, 'requests', 'rate_limit_exceeded'],
    [500, OpenAI.InternalServerError, 'server_error', null],
    [502, OpenAI.InternalServerError, 'server_error', null],
    [503, OpenAI.InternalServerError, 'server_error', null],
    [504, OpenAI.InternalServerError, 'server_error', null],
    [529, OpenAI.InternalServerError, 'server_error', null],
  ])('%s is the error that the openai client knows', async (status, kind, type, code) => {
    const link = await arm({ type: 'http_status', attributes: { status } });
    const error = await openai(link)
      .chat.completions.create(question)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, type, code });
    await hit(link);
  });

  test.each([400, 401, 404, 408, 429, 500, 502, 503, 504, 529])(
    '%s has the shape of the other providers too',
    async (status) => {
      const bodyOf = async (shape: string): Promise<unknown> => {
        const link = await arm({ type: 'http_status', attributes: { status, shape } });
        return (await fetch(link.url)).json();
      };
      const said = expect.stringContaining('injected by tripcurve');
      expect(await bodyOf('openrouter')).toMatchObject({ error: { code: status, message: said } });
      expect(await bodyOf('anthropic')).toMatchObject({
        type: 'error',
        error: { type: expect.stringMatching(/_error$|^request_too_large$/), message: said },
      });
      expect(await bodyOf('ollama')).toEqual({ error: said });
    },
  );

  test('says Overloaded as Anthropic does, and the ollama client shows Ollama’s text', async () => {
    const anthropic = await arm({ type: 'http_status', attributes: { status: 529, shape: 'anthropic' } });
    expect(await (await fetch(anthropic.url)).json()).toMatchObject({ error: { type: 'overloaded_error' } });
    const link = await armOllama({ type: 'http_status', attributes: { status: 503, shape: 'ollama' } });
    await expect(ollama(link).chat({ ...ollamaQuestion, stream: false })).rejects.toThrow(/server busy/);
  });

  test('takes a body and headers of one’s own', async () => {
    const link = await arm({
      type: 'http_status',
      attributes: {
        status: 503,
        body: 'no',
        retry_after: 7,
        headers: { 'Content-Type': 'text/plain', 'X-Up': 'a' },
      },
    });
    const response = await fetch(link.url);
    expect([await response.text(), response.status]).toEqual(['no', 503]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/plain',
      'x-up': 'a',
      'retry-after': '7',
    });
  });
});

describe('llm_events', () => {
  test.each([
    ['duplicate', 3, (all: string[]) => all.flatMap((word, i) => (i % 3 === 2 ? [word, word] : [word]))],
    ['duplicate', 1, (all: string[]) => all.flatMap((word) => [word, word])],
    [
      'reorder',
      3,
      (all: string[]) => {
        const other = [...all];
        for (let i = 2; i + 1 < other.length; i += 3)
          [other[i], other[i + 1]] = [other[i + 1] ?? '', other[i] ?? ''];
        return other;
      },
    ],
  ])('%s, every %s', async (how, every, expected) => {
    const link = await arm({ type: 'llm_events', attributes: { how, every } });
    expect(await openaiStream(link)).toMatchObject({ text: expected(answerTokens).join(''), error: null });
    await hit(link);
    const other = await armOllama({ type: 'llm_events', attributes: { how, every } });
    expect(await ollamaStream(other)).toMatchObject({ text: expected(OLLAMA_WORDS).join(''), error: null });
  });
});

describe('llm_empty_choices', () => {
  test('a whole answer and a stream that hold nothing, as the openai client sees them', async () => {
    const link = await arm({ type: 'llm_empty_choices' });
    const whole = await openai(link).chat.completions.create(question);
    expect(whole).toMatchObject({ object: 'chat.completion', choices: [] });
    const stream = await openaiStream(link);
    expect(stream).toMatchObject({ text: '', error: null });
    expect(stream.chunks.length).toBeGreaterThan(3);
    expect(stream.chunks.every(({ choices }) => choices.length === 0)).toBe(true);
    await exchanges(2)(link);
    expect(link.hits()).toEqual([['f'], ['f']]);
  });
});

describe('llm_finish', () => {
  test.each(['content_filter', 'length'] as const)('%s: a whole answer', async (reason) => {
    const link = await arm({ type: 'llm_finish', attributes: { reason, tokens: 2 } });
    const { choices } = await openai(link).chat.completions.create(question);
    expect(choices[0]).toMatchObject({ finish_reason: reason, message: { content: 'You asked' } });
    const other = await armOllama({ type: 'llm_finish', attributes: { reason, tokens: 2 } });
    expect(await ollama(other).chat({ ...ollamaQuestion, stream: false })).toMatchObject({
      done_reason: reason,
      message: { content: 'The falcon' },
    });
    await hit(link);
    await hit(other);
  });

  test.each(['content_filter', 'length'] as const)('%s: a stream', async (reason) => {
    const link = await arm({ type: 'llm_finish', attributes: { reason, tokens: 2 } });
    const stream = await openaiStream(link);
    expect(stream).toMatchObject({ text: 'You asked', error: null });
    expect(stream.chunks.map(({ choices }) => choices[0]?.finish_reason).filter(Boolean)).toEqual([reason]);
    expect(stream.chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0);
    const other = await armOllama({ type: 'llm_finish', attributes: { reason, tokens: 2 } });
    const { chunks, text: said } = await ollamaStream(other);
    expect(said).toBe('The falcon');
    expect(chunks.at(-1)).toMatchObject({ done: true, done_reason: reason });
    await hit(link);
    await hit(other);
  });
});

describe('llm_rate_limit', () => {
  test('lets the limit pass unhit, and then is what the openai client takes for one', async () => {
    const link = await arm({ type: 'llm_rate_limit', attributes: { requests: 2 } });
    const ask = () => openai(link).chat.completions.create(question);
    expect([(await ask()).object, (await ask()).object]).toEqual(['chat.completion', 'chat.completion']);
    const error = await ask().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers?.get('retry-after')).toMatch(
      /^(29|30)$/,
    );
    await exchanges(3)(link);
    expect(link.hits()).toEqual([[], [], ['f']]);
  });
});
