/** The LLM as a chain of providers, each behind a link of its own: who is asked, who answers, and what the answer says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresUrl } from '../../../../harness/environment/postgres.ts';
import { migrate } from '../../../../services/mimo/migrate.ts';
import { type Policy, policyOf } from '../../../../services/mimo/policy.ts';
import { testPostgres } from '../../../support/postgres.ts';
import { Cleanup } from '../../../support/sockets.ts';
import {
  armed,
  chats,
  type LinkedMimo,
  linkedMimo,
  metric,
  patient,
  post,
  type Reply,
} from '../linked-mimo.ts';
import { until } from '../stage.ts';

const cleanup = new Cleanup();
let postgres: Awaited<ReturnType<typeof testPostgres>>;

beforeAll(async () => {
  postgres = await testPostgres();
  await migrate(postgresUrl({ host: '127.0.0.1', port: postgres.port }), 'up');
}, 30_000);
afterAll(() => postgres.stop());
afterEach(() => cleanup.run());

const { llm: FAST } = policyOf('fast').links;
const DOWN = { type: 'http_status', attributes: { status: 500 } } as const;
/** Long enough for a busy machine to answer in one half of it. */
const HASTY = { timeoutMs: 1_500, deadlineMs: 3_000 };
const HANGS = { type: 'http_hang_after_headers', attributes: {} } as const;

const withTwo = (policy: (fast: Policy) => Policy = patient): Promise<LinkedMimo> =>
  linkedMimo(cleanup, { postgresPort: postgres.port, providers: [{}, {}], policy });
const impatient = (fast: Policy): Policy => {
  const { llm } = fast.links;
  return { ...patient(fast), links: { ...patient(fast).links, llm: { ...llm, ...HASTY } } };
};
const ask = (mimo: LinkedMimo, query: string): Promise<Reply> => post(mimo, '/v1/mimo/ask', { query });
const counts = ({ llms }: LinkedMimo): number[] => llms.map(chats);
const origin = ({ headers }: Reply): (string | null)[] => [
  headers.get('served-by'),
  headers.get('served-by-llm'),
];

/** A link reports an exchange when it has ended, which may be after the caller has its answer. */
const saw = (mimo: LinkedMimo, expected: number[]): Promise<void> =>
  until(`the links saw ${expected} chats`, () => counts(mimo).every((count, n) => count === expected[n]));

describe('a chain of two providers', () => {
  test('asks only the first while it answers', async () => {
    const mimo = await withTwo();
    const reply = await ask(mimo, 'where do falcons nest?');
    expect(origin(reply)).toEqual(['live', 'live']);
    expect(reply.body).toMatchObject({ degraded: false, finish: 'stop' });
    await saw(mimo, [1, 0]);
  });

  test('is answered by the second while the first is down, and the answer says so', async () => {
    const mimo = await withTwo();
    armed(mimo.llms[0], DOWN);
    const reply = await ask(mimo, 'where do falcons nest?');
    expect(reply.status).toBe(200);
    expect(reply.body.synthesis).toContain('falcons');
    expect(origin(reply)).toEqual(['backup', 'backup']);
    expect(reply.body).toMatchObject({ degraded: true, served: { links: { llm: { by: 'backup' } } } });
    await saw(mimo, [1, 1]);
    expect(await metric(mimo, 'mimo_served_total{link="llm",by="backup"}')).toBe(1);
  });

  test('leaves a first one that stays down alone, and returns to it', async () => {
    const mimo = await withTwo();
    const heal = armed(mimo.llms[0], DOWN);
    const { failures } = FAST.breaker;
    for (let n = 0; n < failures + 3; n += 1)
      expect(origin(await ask(mimo, `question ${n}`))[1]).toBe('backup');
    // Its breaker opened at the declared number of failures; the second had all of them.
    await saw(mimo, [failures, failures + 3]);
    const { links } = (await (await fetch(`${mimo.base}/resilience`)).json()) as {
      links: Record<string, { breaker: string; state: string }>;
    };
    expect(links.llm).toMatchObject({ breaker: 'llm_service', state: 'open' });
    expect(links['llm-2']).toMatchObject({ breaker: 'llm_service_2', state: 'closed' });
    expect(await metric(mimo, 'mimo_breaker_state{link="llm"}')).toBe(2);
    expect(await metric(mimo, 'mimo_breaker_state{link="llm-2"}')).toBe(0);
    heal();
    await until('the first provider answers again', async () => {
      const reply = await ask(mimo, 'is the first back?');
      return origin(reply)[1] === 'live';
    });
  });

  test('a first one that hangs leaves the second its whole time', async () => {
    const mimo = await withTwo(impatient);
    armed(mimo.llms[0], HANGS);
    const reply = await ask(mimo, 'where do falcons nest?');
    expect(origin(reply)).toEqual(['backup', 'backup']);
    expect(reply.body.latency_ms).toBeGreaterThanOrEqual(HASTY.timeoutMs - 50);
    await saw(mimo, [1, 1]);
  }, 20_000);

  test('with both down gives the earlier answer with its age, and marks what is none', async () => {
    const mimo = await withTwo();
    const before = await ask(mimo, 'where do falcons nest?');
    for (const llm of mimo.llms) armed(llm, DOWN);
    const again = await ask(mimo, 'Where do falcons  nest');
    expect(origin(again)).toEqual(['cached', 'cached']);
    expect(again.body).toMatchObject({
      synthesis: before.body.synthesis,
      degraded: true,
      finish: 'fallback',
    });
    expect(Number(again.headers.get('age-ms'))).toBeGreaterThan(0);
    const unknown = await ask(mimo, 'and where do owls?');
    expect(unknown.status).toBe(200);
    expect(origin(unknown)).toEqual(['default', 'default']);
    expect(unknown.body).toMatchObject({ synthesis: null, degraded: true });
    // Each provider once per call: the next provider is the retry.
    await saw(mimo, [3, 2]);
  });

  test('with both hanging ends within its one deadline', async () => {
    const mimo = await withTwo(impatient);
    for (const llm of mimo.llms) armed(llm, HANGS);
    const reply = await ask(mimo, 'where do falcons nest?');
    expect(origin(reply)).toEqual(['default', 'default']);
    // The embedding and the recall before it take a moment; a second round would take as long again.
    expect(reply.body.latency_ms).toBeLessThan(1.75 * HASTY.deadlineMs);
    await saw(mimo, [1, 1]);
  }, 20_000);

  test.each([
    [400, 'asks no other, for it would refuse it too', [1, 0], 'default'],
    [401, 'asks the next: the operator has to mend the first', [1, 1], 'backup'],
    [429, 'asks the next', [1, 1], 'backup'],
  ])('on a %i %s', async (status, _what, expected, by) => {
    const mimo = await withTwo();
    armed(mimo.llms[0], { type: 'http_status', attributes: { status } });
    expect(origin(await ask(mimo, 'where do falcons nest?'))[1]).toBe(by);
    await saw(mimo, expected);
  });

  test('a provider whose link is gone altogether is passed over', async () => {
    const mimo = await withTwo();
    await mimo.llms[0].link.disable();
    expect(origin(await ask(mimo, 'where do falcons nest?'))).toEqual(['backup', 'backup']);
    await mimo.llms[1]?.link.disable();
    expect(origin(await ask(mimo, 'and where do owls?'))).toEqual(['default', 'default']);
  });
});

describe('what answers cost', () => {
  test('is counted by provider from the tokens that it tells', async () => {
    const mimo = await linkedMimo(cleanup, {
      postgresPort: postgres.port,
      providers: [{}, {}],
      prices: [2, 10],
    });
    await ask(mimo, 'where do falcons nest?');
    const prompt = await metric(mimo, 'mimo_llm_tokens_total{link="llm",kind="prompt"}');
    const completion = await metric(mimo, 'mimo_llm_tokens_total{link="llm",kind="completion"}');
    expect(prompt).toBeGreaterThan(0);
    expect(completion).toBeGreaterThan(0);
    const usd = (2 * prompt + 10 * completion) / 1e6;
    expect(await metric(mimo, 'mimo_llm_cost_usd_total{link="llm"}')).toBeCloseTo(usd, 9);
    expect(await metric(mimo, 'mimo_llm_answers_total{link="llm",finish="stop"}')).toBe(1);
    armed(mimo.llms[0], DOWN);
    await ask(mimo, 'and where do owls?');
    expect(await metric(mimo, 'mimo_llm_tokens_total{link="llm",kind="prompt"}')).toBe(prompt);
    expect(await metric(mimo, 'mimo_llm_answers_total{link="llm-2",finish="stop"}')).toBe(1);
    expect(await metric(mimo, 'mimo_llm_cost_usd_total{link="llm-2"}')).toBeGreaterThan(0);
  });

  test('is told to be incomplete where a provider tells no tokens', async () => {
    const mimo = await linkedMimo(cleanup, { postgresPort: postgres.port, prices: [2, 10] });
    armed(mimo.llms[0], { type: 'llm_stream_end', attributes: { how: 'missing_usage' } });
    expect(origin(await ask(mimo, 'where do falcons nest?'))[1]).toBe('live');
    expect(await metric(mimo, 'mimo_llm_unmetered_total{link="llm"}')).toBe(1);
    expect(await metric(mimo, 'mimo_llm_cost_usd_total{link="llm"}')).toBe(0);
  });
});
