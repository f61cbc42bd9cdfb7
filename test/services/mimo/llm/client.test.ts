/** The LLM client against recorded answers: what it sends, and what it makes of each kind of reply. */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { createAnswerFallback, normalised } from '../../../../services/mimo/llm/answer-cache.ts';
import { type Completion, createLlmClient } from '../../../../services/mimo/llm/client.ts';
import { provider, until } from '../stage.ts';

const trace = { traceId: 'a'.repeat(32), flags: '01' };
const client = createLlmClient({ ...provider('llm', 'http://llm.test'), apiKey: 'secret' });
const request = { messages: [{ role: 'user', content: 'Why?' }], trace } as const;
const whole = (signal = AbortSignal.timeout(2_000)): Promise<Completion> => client.complete(request, signal);
const complete = async (signal?: AbortSignal): Promise<string> => (await whole(signal)).text;
const upstream = (): nock.Interceptor => nock('http://llm.test').post('/v1/chat/completions');
const saying = (content: unknown): object => ({ choices: [{ message: { content } }] });

afterEach(() => nock.cleanAll());
// nock patches the sockets of the whole process, which the next test file shares.
afterAll(() => nock.restore());

describe('the LLM client', () => {
  test('asks with model, key and the trace of the request', async () => {
    nock('http://llm.test', {
      reqheaders: {
        authorization: 'Bearer secret',
        traceparent: /^00-a{32}-[0-9a-f]{16}-01$/,
      },
    })
      .post('/v1/chat/completions', (body) => body.model === 'tiny' && body.messages[0].content === 'Why?')
      .reply(200, saying('Because.'));
    expect(await complete()).toBe('Because.');
  });

  test('leaves out what the model only thought', async () => {
    upstream().reply(200, saying('<think>hm\nhm</think>\nBecause.'));
    expect(await complete()).toBe('Because.');
  });

  test.each([
    ['a 500', 500, { error: 'x' }, 'DependencyFault', 'status'],
    ['a 503', 503, {}, 'DependencyFault', 'status'],
    ['a 429', 429, {}, 'DependencyFault', 'status'],
    ['a redirect', 302, '', 'DependencyFault', 'malformed'],
    ['a 200 that is not JSON', 200, '<html>', 'DependencyFault', 'malformed'],
    ['a 200 without choices', 200, { choices: [] }, 'DependencyFault', 'malformed'],
    ['a 200 with null content', 200, saying(null), 'DependencyFault', 'malformed'],
    ['a 200 with an empty answer', 200, saying('  '), 'DependencyFault', 'malformed'],
    ['a 400', 400, { error: 'x' }, 'RequestRefused', 'request'],
    ['a 401', 401, {}, 'RequestRefused', 'setup'],
    ['a 404', 404, {}, 'RequestRefused', 'setup'],
  ])('takes %s for what it is', async (_, status, body, name, kind) => {
    upstream().reply(status, body);
    await expect(complete()).rejects.toMatchObject({ name, kind, link: 'llm' });
  });

  test('names the reason when the connection fails', async () => {
    upstream().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await expect(complete()).rejects.toMatchObject({ name: 'DependencyFault', message: 'llm: ECONNRESET' });
  });

  test('ends with the reason of the abort', async () => {
    upstream().delay(2_000).reply(200, saying('late'));
    const controller = new AbortController();
    const outcome = complete(controller.signal);
    controller.abort(new Error('time is up'));
    await expect(outcome).rejects.toThrow('time is up');
    nock.abortPendingRequests();
  });
});

describe('the fallback for an answer', () => {
  test('is the last answer to the same question in other spelling, with its age', () => {
    const fallback = createAnswerFallback(1_000);
    fallback.remember('What is  X?', 'old');
    fallback.remember('what is x', 'new');
    expect(fallback.answer(' WHAT IS X ?', null)).toMatchObject({ by: 'cached', synthesis: 'new' });
    expect(fallback.answer('what is y', null)).toEqual({ by: 'default', synthesis: null });
    expect(normalised(' What  is X ?! ')).toBe('what is x');
  });

  test('is none once the answer is too old', async () => {
    const fallback = createAnswerFallback(10);
    fallback.remember('q', 'a');
    await until('the answer is too old', () => fallback.answer('q', null).by === 'default');
  });
});
