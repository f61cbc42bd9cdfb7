/** Answers in pieces: as they come, whole or told to be broken, within their limits. Over real links. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresUrl } from '../../../../harness/environment/postgres.ts';
import { migrate } from '../../../../services/mimo/migrate.ts';
import { policyOf } from '../../../../services/mimo/policy.ts';
import { testPostgres } from '../../../support/postgres.ts';
import { Cleanup } from '../../../support/sockets.ts';
import { armed, chats, type LinkedMimo, linkedMimo, metric, patient, post } from '../linked-mimo.ts';
import { until } from '../stage.ts';

const cleanup = new Cleanup();
let postgres: Awaited<ReturnType<typeof testPostgres>>;

beforeAll(async () => {
  postgres = await testPostgres();
  await migrate(postgresUrl({ host: '127.0.0.1', port: postgres.port }), 'up');
}, 30_000);
afterAll(() => postgres.stop());
afterEach(() => cleanup.run());

const { stream: STREAM, timeoutMs: FIRST_TOKEN_MS } = policyOf('fast').links.llm;
const QUERY = 'where do falcons nest?';

const mimoWith = (...providers: { tokensPerSecond?: number }[]): Promise<LinkedMimo> =>
  linkedMimo(cleanup, { postgresPort: postgres.port, providers, prices: [2, 10] });
/** With the LLM's limits as they are, of which one is to bite. */
const hasty = (ways: { tokensPerSecond?: number } = {}): Promise<LinkedMimo> =>
  linkedMimo(cleanup, {
    postgresPort: postgres.port,
    providers: [ways],
    policy: (fast) => ({ ...patient(fast), links: { ...patient(fast).links, llm: fast.links.llm } }),
  });

interface Told {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, compared by field
  readonly data: any;
}

interface Heard {
  readonly response: Response;
  readonly events: Told[];
  /** Why the connection broke off; null when it ended in order. */
  readonly broken: unknown;
}

/** Asks, and hears it out. */
async function hear(
  { base }: LinkedMimo,
  {
    query = QUERY,
    signal = new AbortController().signal,
    onEvent = (_told: Told): void => {},
    ...body
  }: {
    query?: string;
    signal?: AbortSignal;
    onEvent?: (told: Told) => void;
    timeout_ms?: number;
  } = {},
): Promise<Heard> {
  const response = await fetch(`${base}/v1/mimo/ask/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, ...body }),
    signal,
  });
  const events: Told[] = [];
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event = '', data = 'null'] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        const told = { event, data: JSON.parse(data) };
        events.push(told);
        onEvent(told);
      }
    }
    return { response, events, broken: null };
  } catch (broken) {
    return { response, events, broken };
  }
}

const names = ({ events }: Heard): string[] => [...new Set(events.map(({ event }) => event))];
const textOf = ({ events }: Heard): string =>
  events
    .filter(({ event }) => event === 'token')
    .map(({ data }) => data.text)
    .join('');
const last = ({ events }: Heard): Told['data'] => events.at(-1)?.data;

describe('an answer in pieces', () => {
  test('comes as the LLM says it, and is whole', async () => {
    const mimo = await mimoWith({ tokensPerSecond: 25 });
    let endedAtFirstPiece: number | undefined;
    const heard = await hear(mimo, {
      onEvent: ({ event }) => {
        // A link reports an exchange when it has ended: the LLM was still speaking.
        if (event === 'token') endedAtFirstPiece ??= chats(mimo.llms[0]);
      },
    });
    expect(endedAtFirstPiece).toBe(0);
    expect(names(heard)).toEqual(['start', 'token', 'done']);
    expect(heard.broken).toBeNull();
    expect(heard.response.headers.get('content-type')).toContain('text/event-stream');
    expect(heard.response.headers.get('served-by')).toBe('live');
    expect(heard.events[0]?.data).toMatchObject({
      degraded: false,
      served: { links: { llm: { by: 'live' } } },
    });
    expect(last(heard)).toMatchObject({ complete: true, finish: 'stop' });
    expect(textOf(heard).trim()).toBe(last(heard).synthesis);
    const [exchange] = mimo.llms[0].of('exchange');
    expect(heard.events.filter(({ event }) => event === 'token')).toHaveLength(exchange?.tokens ?? -1);
    const tokens = await metric(mimo, 'mimo_llm_tokens_total{link="llm",kind="completion"}');
    expect(tokens).toBeGreaterThan(0);
    expect(await metric(mimo, 'mimo_llm_cost_usd_total{link="llm"}')).toBeGreaterThan(0);
    expect(await metric(mimo, 'mimo_requests_total{route="/v1/mimo/ask/stream",status="200"}')).toBe(1);
  });

  test.each(['between', 'mid_json', 'mid_utf8'] as const)(
    'that is cut %s is told to be broken, and is never given again as an answer',
    async (where) => {
      const mimo = await mimoWith({});
      const heal = armed(mimo.llms[0], { type: 'llm_stream_cut', attributes: { tokens: 3, where } });
      // The stand-in answers in the words of the question, so that a character of several bytes can be cut.
      const query = 'wo nisten Bäume über Wälder?';
      const heard = await hear(mimo, { query });
      expect(names(heard)).toEqual(['start', 'token', 'interrupted']);
      expect(heard.events.filter(({ event }) => event === 'token')).toHaveLength(3);
      expect(last(heard)).toMatchObject({ complete: false, error: expect.stringContaining('llm: ') });
      // For a client that reads no event names.
      expect(heard.broken).not.toBeNull();
      expect(await metric(mimo, 'mimo_dependency_calls_total{link="llm",outcome="failure"}')).toBe(1);
      heal();
      armed(mimo.llms[0], { type: 'http_status', attributes: { status: 500 } });
      expect((await post(mimo, '/v1/mimo/ask', { query })).headers.get('served-by')).toBe('default');
    },
  );

  test('that was broken off counts as failed, though its head said 200', async () => {
    const mimo = await mimoWith({});
    armed(mimo.llms[0], { type: 'llm_stream_cut', attributes: { tokens: 2 } });
    await hear(mimo);
    await until('it is counted', async () => {
      return (await metric(mimo, 'mimo_requests_total{route="/v1/mimo/ask/stream",status="502"}')) === 1;
    });
    expect(await metric(mimo, 'mimo_requests_total{route="/v1/mimo/ask/stream",status="200"}')).toBe(0);
    expect(await metric(mimo, 'mimo_requests_in_flight')).toBe(0);
    expect(await metric(mimo, 'mimo_link_calls_in_flight{link="llm"}')).toBe(0);
  });

  test('passes to the next provider as long as no piece was given', async () => {
    const mimo = await mimoWith({}, {});
    armed(mimo.llms[0], { type: 'llm_stream_cut', attributes: { tokens: 0, where: 'mid_json' } });
    const heard = await hear(mimo);
    expect(names(heard)).toEqual(['start', 'token', 'done']);
    expect(heard.response.headers.get('served-by-llm')).toBe('backup');
    expect(heard.events[0]?.data.served.links.llm.by).toBe('backup');
    expect(last(heard)).toMatchObject({ complete: true, finish: 'stop' });
  });

  test('does not pass to the next once a piece was given', async () => {
    const mimo = await mimoWith({}, {});
    armed(mimo.llms[0], { type: 'llm_stream_cut', attributes: { tokens: 1 } });
    expect(names(await hear(mimo))).toEqual(['start', 'token', 'interrupted']);
    expect(mimo.llms.map(chats)).toEqual([1, 0]);
  });

  test('that stalls behind keep-alives is broken off after the longest silence allowed', async () => {
    const mimo = await hasty();
    armed(mimo.llms[0], { type: 'llm_stall', attributes: { tokens: 2, keep_alive_ms: 50 } });
    const heard = await hear(mimo);
    expect(names(heard)).toEqual(['start', 'token', 'interrupted']);
    expect(last(heard).error).toBe(`llm: no further token within ${STREAM.betweenTokensMs} ms`);
  });

  test('that goes on and on is broken off at its deadline', async () => {
    // Each piece comes in time; all of them do not.
    const mimo = await hasty({ tokensPerSecond: 2_000 / STREAM.betweenTokensMs });
    const heard = await hear(mimo, {
      query: 'one two three four five six seven eight nine ten eleven twelve?',
    });
    expect(names(heard)).toEqual(['start', 'token', 'interrupted']);
    expect(last(heard).error).toBe(`llm: no answer within ${STREAM.deadlineMs} ms`);
    await until('the call upstream has ended', () => chats(mimo.llms[0]) === 1);
  });

  test('whose first piece does not come is answered by what else there is, marked', async () => {
    const mimo = await hasty();
    armed(mimo.llms[0], { type: 'http_slow_first_byte', attributes: { delay_ms: 10 * FIRST_TOKEN_MS } });
    const heard = await hear(mimo);
    expect(names(heard)).toEqual(['start', 'done']);
    expect(heard.response.headers.get('served-by')).toBe('default');
    expect(last(heard)).toMatchObject({ complete: true, synthesis: null, finish: 'fallback' });
  });

  test('is the earlier one, with its age, where no provider answers', async () => {
    const mimo = await mimoWith({});
    const { synthesis } = last(await hear(mimo));
    armed(mimo.llms[0], { type: 'http_status', attributes: { status: 503 } });
    const heard = await hear(mimo);
    expect(heard.response.headers.get('served-by')).toBe('cached');
    expect(textOf(heard)).toBe(synthesis);
    expect(last(heard)).toMatchObject({ complete: true, finish: 'fallback' });
  });

  test('that the provider cut short says so, and is not kept', async () => {
    const mimo = await mimoWith({});
    const heal = armed(mimo.llms[0], { type: 'llm_finish', attributes: { reason: 'length', tokens: 3 } });
    expect(last(await hear(mimo))).toMatchObject({ complete: true, finish: 'length' });
    heal();
    armed(mimo.llms[0], { type: 'http_status', attributes: { status: 503 } });
    expect((await hear(mimo)).response.headers.get('served-by')).toBe('default');
  });

  test('ends upstream as soon as nobody listens, which is no fault of the LLM', async () => {
    const mimo = await mimoWith({ tokensPerSecond: 10 });
    const gone = new AbortController();
    const heard = await hear(mimo, {
      signal: gone.signal,
      onEvent: ({ event }) => {
        if (event === 'token') gone.abort();
      },
    });
    expect(heard.broken).not.toBeNull();
    await mimo.llms[0].saw('the call upstream', ({ kind }) => kind === 'exchange');
    expect(mimo.llms[0].of('exchange')).toMatchObject([{ outcome: 'broken', endedBy: 'target' }]);
    await until('it is counted', async () => {
      return (await metric(mimo, 'mimo_llm_answers_total{link="llm",finish="abandoned"}')) === 1;
    });
    expect(await metric(mimo, 'mimo_dependency_calls_total{link="llm",outcome="failure"}')).toBe(0);
    expect(await metric(mimo, 'mimo_requests_in_flight')).toBe(0);
  });

  test('is refused in time where the caller allows less than it takes', async () => {
    const mimo = await hasty();
    armed(mimo.llms[0], { type: 'http_slow_first_byte', attributes: { delay_ms: 10 * FIRST_TOKEN_MS } });
    const heard = await hear(mimo, { timeout_ms: 50 });
    expect(heard.response.status).toBe(504);
  });

  test.each([
    [{ query: '' }, 'query must not be empty.'],
    [{ query: 'x', timeout_ms: 0 }, 'timeout_ms must be a whole number from 1 to 600000.'],
  ])('refuses %j with a sentence', async (body, error) => {
    const reply = await post(await mimoWith({}), '/v1/mimo/ask/stream', body);
    expect([reply.status, reply.body.error]).toEqual([400, error]);
  });
});
