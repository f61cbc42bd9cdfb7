/** Faults on streams of tokens, server-sent events and NDJSON, to the byte and through the official clients. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { EventSplitter, isToken } from '../../../harness/link/http/stream.ts';
import type { FaultInput } from '../../../harness/model/fault.ts';
import { buildLlm } from '../../../services/llm/server.ts';
import {
  bodiesIn,
  exchanges,
  type FaultyLink,
  faultyLink,
  httpServer,
  receivedUntil,
  send,
} from '../../support/faulty.ts';
import {
  answerText,
  answerTokens,
  CHAT,
  ollamaQuestion,
  ollamaStream,
  openai,
  openaiStream,
  question,
  readAll,
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

/** The events of a body, of which the last may be cut. */
function eventsIn(body: Buffer | undefined, format: 'sse' | 'ndjson'): Buffer[] {
  const events: Buffer[] = [];
  const splitter = new EventSplitter(format, (event) => events.push(event));
  splitter.push(body ?? Buffer.alloc(0));
  splitter.end();
  return events;
}

const hit = async (link: FaultyLink, expected: string[] = ['f']) => {
  await exchanges(1)(link);
  expect(link.hits()[0]).toEqual(expected);
};

describe('llm_slow_tokens', () => {
  test('spreads a stream over time and loses nothing', async () => {
    const link = await arm({ type: 'llm_slow_tokens', attributes: { tokens_per_second: 50 } });
    const startMs = performance.now();
    const stream = await openaiStream(link);
    expect(stream).toMatchObject({ text: answerText, error: null });
    expect(stream.chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0);
    expect(performance.now() - startMs).toBeGreaterThan((answerTokens.length - 1) * 20 * 0.9);
    await hit(link);
    expect(link.of('exchange')[0]?.tokens).toBe(answerTokens.length);
  });

  test('hits nothing where the stream is slower anyway', async () => {
    const slow = buildLlm({ tokensPerSecond: 100 });
    cleanup.add(() => slow.close());
    const { port } = new URL(await slow.listen({ host: '127.0.0.1', port: 0 }));
    const link = await faultyLink(cleanup, Number(port), {
      type: 'llm_slow_tokens',
      attributes: { tokens_per_second: 100_000 },
    });
    expect(await openaiStream(link)).toMatchObject({ text: answerText, error: null });
    await hit(link, []);
  });
});

describe.each([
  ['sse', CHAT, () => arm, { ...question, stream: true }, answerTokens],
  ['ndjson', '/api/chat', () => armOllama, ollamaQuestion, OLLAMA_WORDS],
] as const)('llm_stream_cut on %s', (format, path, armer, body, said) => {
  test.each([
    ['between', 'rst', 'ECONNRESET'],
    ['between', 'fin', 'fin'],
    ['mid_json', 'rst', 'ECONNRESET'],
    ['mid_json', 'fin', 'fin'],
    ['mid_utf8', 'rst', 'ECONNRESET'],
    ['mid_utf8', 'fin', 'fin'],
  ])('%s, %s: so many tokens come whole, and then the end', async (where, how, ended) => {
    const link = await armer()({ type: 'llm_stream_cut', attributes: { tokens: 3, where, how } });
    const client = await send(cleanup, link.port, 'POST', path, body);
    expect(await client.ended).toBe(ended);
    const [received] = bodiesIn(client.received());
    const events = eventsIn(received, format);
    const whole = events.filter((event) => event.at(-1) === 0x0a);
    expect(whole.filter(isToken)).toHaveLength(3);
    for (const [i, event] of whole.filter(isToken).entries())
      expect(event.toString()).toContain(JSON.stringify(said[i]));
    const cut = events.slice(whole.length);
    expect(cut).toHaveLength(where === 'between' ? 0 : 1);
    const utf8 = () => new TextDecoder('utf-8', { fatal: true }).decode(cut[0]);
    if (where === 'mid_json') expect(() => JSON.parse(utf8().replace('data: ', ''))).toThrow(/JSON/);
    if (where === 'mid_utf8') expect(utf8).toThrow(/not valid for encoding utf-8/);
    await exchanges(1)(link);
    expect(link.of('exchange')[0]).toMatchObject({
      outcome: 'broken',
      endedBy: 'link',
      faults: ['f'],
      tokens: 3,
    });
  });

  test('leaves a stream alone that is not longer', async () => {
    const link = await armer()({ type: 'llm_stream_cut', attributes: { tokens: said.length } });
    const client = await send(cleanup, link.port, 'POST', path, body);
    const [received] = bodiesIn(await receivedUntil(client));
    await hit(link, []);
    expect(eventsIn(received, format).filter(isToken)).toHaveLength(said.length);
    expect(link.fault.chooser.hits).toBe(0);
  });
});

describe('llm_stream_cut', () => {
  test('cuts a character that is already there', async () => {
    const port = await httpServer(cleanup, (_request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.end('data: {"choices":[{"delta":{"content":"Füchse"}}]}\n\ndata: [DONE]\n\n');
    });
    const link = await faultyLink(cleanup, port, {
      type: 'llm_stream_cut',
      attributes: { tokens: 0, where: 'mid_utf8', how: 'fin' },
    });
    const client = await send(cleanup, link.port, 'GET', '/');
    await client.ended;
    const cut = Buffer.concat([Buffer.from('data: {"choices":[{"delta":{"content":"F'), Buffer.from([0xc3])]);
    expect(bodiesIn(client.received())[0]?.equals(cut)).toBe(true);
  });

  test.each(['between', 'mid_json', 'mid_utf8'])('the openai client reports a cut %s', async (where) => {
    const link = await arm({ type: 'llm_stream_cut', attributes: { tokens: 2, where, how: 'fin' } });
    const stream = await openaiStream(link);
    expect(stream.error).toMatchObject({ message: expect.stringMatching(/terminated|JSON/) });
    expect(answerText.startsWith(stream.text)).toBe(true);
    expect(stream.text.length).toBeLessThan(answerText.length);
  });

  test('the ollama client reports a cut', async () => {
    const link = await armOllama({ type: 'llm_stream_cut', attributes: { tokens: 2, how: 'fin' } });
    expect((await ollamaStream(link)).error).toMatchObject({ message: 'terminated' });
  });
});

describe('llm_stall', () => {
  test('looks alive: comments come while the text stands still, then the rest at once', async () => {
    const link = await arm({
      type: 'llm_stall',
      attributes: { tokens: 2, keep_alive_ms: 20, for_ms: 300 },
    });
    const client = await send(cleanup, link.port, 'POST', CHAT, { ...question, stream: true });
    const events = eventsIn(bodiesIn(await receivedUntil(client))[0], 'sse').map(String);
    await hit(link);
    const comments = events.filter((event) => event === ': keep-alive\n\n');
    expect(comments.length).toBeGreaterThan(1);
    const first = events.indexOf(': keep-alive\n\n');
    expect(events.slice(0, first).filter((event) => isToken(Buffer.from(event)))).toHaveLength(2);
    expect(events.filter((event) => isToken(Buffer.from(event)))).toHaveLength(answerTokens.length);
    expect(events.at(-1)).toBe('data: [DONE]\n\n');
  });

  test('is not noticed by the openai client, which gets the whole text in the end', async () => {
    const link = await arm({ type: 'llm_stall', attributes: { keep_alive_ms: 20, for_ms: 200 } });
    expect(await openaiStream(link)).toMatchObject({ text: answerText, error: null });
  });

  test('keeps an Ollama stream alive with events that say nothing', async () => {
    const link = await armOllama({
      type: 'llm_stall',
      attributes: { tokens: 1, keep_alive_ms: 20, for_ms: 200 },
    });
    const stream = await ollamaStream(link);
    expect(stream).toMatchObject({ text: OLLAMA_WORDS.join(''), error: null });
    expect(stream.chunks.length).toBeGreaterThan(OLLAMA_WORDS.length + 1);
  });

  test.each([0, 20])('without an end stands until the target leaves (keep-alive %s)', async (keepAliveMs) => {
    const link = await arm({ type: 'llm_stall', attributes: { tokens: 2, keep_alive_ms: keepAliveMs } });
    const gaveUp = new AbortController();
    const stream = await openai(link).chat.completions.create(
      { ...question, stream: true },
      { signal: gaveUp.signal },
    );
    let said = '';
    for await (const { choices } of stream) {
      said += choices[0]?.delta.content ?? '';
      if (said === answerTokens.slice(0, 2).join('')) gaveUp.abort();
    }
    expect(said).toBe(answerTokens.slice(0, 2).join(''));
    await hit(link);
    expect(link.of('exchange')[0]).toMatchObject({ outcome: 'broken', endedBy: 'target', tokens: 2 });
  });
});

describe('llm_stream_end', () => {
  test('missing_done: the stream ends in order without [DONE], and the openai client sees nothing of it', async () => {
    const link = await arm({ type: 'llm_stream_end', attributes: { how: 'missing_done' } });
    const client = await send(cleanup, link.port, 'POST', CHAT, { ...question, stream: true });
    expect(String(bodiesIn(await receivedUntil(client))[0])).not.toContain('[DONE]');
    await hit(link);
    expect(await openaiStream(link)).toMatchObject({ text: answerText, error: null });
  });

  test('missing_done: an Ollama stream ends without done, which its client reports', async () => {
    const link = await armOllama({ type: 'llm_stream_end', attributes: { how: 'missing_done' } });
    const stream = await ollamaStream(link);
    expect(stream.text).toBe(OLLAMA_WORDS.join(''));
    expect(stream.chunks.every(({ done }) => !done)).toBe(true);
    expect(stream.error).toMatchObject({ message: expect.stringMatching(/did not receive done/i) });
    await hit(link);
  });

  test.each([
    ['sse', CHAT, () => arm, { ...question, stream: true }, '[DONE]'],
    ['ndjson', '/api/chat', () => armOllama, ollamaQuestion, '"done":true'],
  ] as const)(
    'done_without_close: %s says that it is done, and goes on',
    async (_format, path, armer, body, done) => {
      const link = await armer()({ type: 'llm_stream_end', attributes: { how: 'done_without_close' } });
      const client = await send(cleanup, link.port, 'POST', path, body);
      await receivedUntil(client, done);
      expect(link.of('exchange')).toEqual([]);
      client.socket.end();
      await hit(link);
      expect(client.received().includes('0\r\n\r\n')).toBe(false);
      expect(link.of('exchange')[0]).toMatchObject({ outcome: 'broken', endedBy: 'target', status: 200 });
    },
  );

  test('missing_usage: of a stream, of a whole answer, of Ollama’s', async () => {
    const fault: FaultInput = { type: 'llm_stream_end', attributes: { how: 'missing_usage' } };
    const link = await arm(fault);
    const stream = await openaiStream(link);
    expect(stream).toMatchObject({ text: answerText, error: null });
    expect(stream.chunks.every(({ usage, choices }) => usage === undefined && choices.length === 1)).toBe(
      true,
    );
    const whole = await openai(link).chat.completions.create(question);
    expect(whole.usage).toBeUndefined();
    expect(whole.choices[0]?.message.content).toBe(answerText);
    const other = await armOllama(fault);
    const { chunks } = await ollamaStream(other);
    expect(chunks.at(-1)?.done).toBe(true);
    expect(chunks.at(-1)?.eval_count).toBeUndefined();
    await exchanges(2)(link);
    expect(link.hits()).toEqual([['f'], ['f']]);
  });

  test('missing_usage hits nothing in a stream that tells none', async () => {
    const link = await arm({ type: 'llm_stream_end', attributes: { how: 'missing_usage' } });
    await readAll(await openai(link).chat.completions.create({ ...question, stream: true }));
    await hit(link, []);
  });
});
