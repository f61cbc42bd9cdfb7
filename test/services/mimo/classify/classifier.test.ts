/** The router and its cache on the wire: how many calls of the LLM it saves, and what it never keeps. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { planLoad } from '../../../../harness/load/plan.ts';
import { Config } from '../../../../harness/model/config.ts';
import { Traffic } from '../../../../harness/model/scenario.ts';
import { assemble } from '../../../../services/mimo/assemble.ts';
import { newTrace } from '../../../../services/mimo/trace.ts';
import config from '../../../../tripcurve.config.ts';
import { Cleanup } from '../../../support/sockets.ts';
import { armed, chats, type LinkedMimo, linkedMimo, metric, post } from '../linked-mimo.ts';
import { configFor, fakeLlm, fakeOllama, SILENT, temporaryFolder, until } from '../stage.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const DOWN = { type: 'http_status', attributes: { status: 500 } } as const;
const USES = ['hit', 'miss', 'shared', 'off'] as const;

interface Decision {
  store: string;
  by: string;
  degraded: boolean;
  cache: (typeof USES)[number];
}

async function classify(mimo: LinkedMimo, query: string): Promise<Decision> {
  const { status, body } = await post(mimo, '/v1/mimo/classify', { query });
  expect(status).toBe(200);
  return body.router_decision;
}

async function usesOf(mimo: LinkedMimo): Promise<Record<(typeof USES)[number], number>> {
  const counts = await Promise.all(
    USES.map(async (use) => [use, await metric(mimo, `mimo_classifier_lookups_total{use="${use}"}`)]),
  );
  return Object.fromEntries(counts);
}

const sawChats = (mimo: LinkedMimo, expected: number[]): Promise<void> =>
  until(`the links saw ${expected} chats`, () =>
    mimo.llms.map(chats).every((count, n) => count === expected[n]),
  );

describe('on the bundled traffic', () => {
  const REQUESTS = 1_000;
  /** A third of what is asked. */
  const ENTRIES = 100;
  const AT_ONCE = 4;

  /** Sends what the rig would send, and counts what the link of the LLM saw of it. */
  async function callsWith(
    entries: number,
  ): Promise<{ calls: number; uses: Awaited<ReturnType<typeof usesOf>> }> {
    const mimo = await linkedMimo(cleanup, { limits: { classifierCacheEntriesMax: entries } });
    const traffic = Traffic.parse({ ratePerSecond: 200, arrivals: 'constant', mix: { classify: 1 } });
    const planned = planLoad(traffic, Config.parse(config), REQUESTS * 10, 7, 'cache').slice(0, REQUESTS);
    const plan = planned.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const { path, body } of plan) await post(mimo, path, JSON.parse(body ?? '{}'));
      }),
    );
    const uses = await usesOf(mimo);
    const asked = uses.miss + uses.off;
    await until('the link has told of every call', () => chats(mimo.llms[0]) >= asked);
    expect(await metric(mimo, 'mimo_cache_entries{cache="classifications"}')).toBeLessThanOrEqual(entries);
    expect(await metric(mimo, 'mimo_cache_entries_max{cache="classifications"}')).toBe(entries);
    return { calls: chats(mimo.llms[0]), uses };
  }

  test('between 60 and 80 % of the calls of the LLM are saved, as the link counts them', async () => {
    const off = await callsWith(0);
    const on = await callsWith(ENTRIES);
    expect(off).toEqual({ calls: REQUESTS, uses: { hit: 0, miss: 0, shared: 0, off: REQUESTS } });
    expect(on.uses.hit + on.uses.shared + on.uses.miss).toBe(REQUESTS);
    // What the service says of itself is what the wire says.
    expect(on.calls).toBe(on.uses.miss);
    const hitRate = on.uses.hit / REQUESTS;
    expect(hitRate).toBeGreaterThanOrEqual(0.6);
    expect(hitRate).toBeLessThanOrEqual(0.8);
    const saved = 1 - on.calls / off.calls;
    process.stdout.write(
      `classifier: ${off.calls} LLM calls without the cache, ${on.calls} with: ${(100 * saved).toFixed(1)} % saved, hit rate ${(100 * hitRate).toFixed(1)} %\n`,
    );
  }, 60_000);
});

describe('the router', () => {
  test('asks once for two spellings of one question, and for many who ask it at once', async () => {
    const mimo = await linkedMimo(cleanup);
    armed(mimo.llms[0], { type: 'http_slow_first_byte', attributes: { delay_ms: 300 } });
    const decisions = await Promise.all(
      Array.from({ length: 20 }, () => classify(mimo, 'Where is the kiln?')),
    );
    const counts = await usesOf(mimo);
    expect([counts.miss, counts.hit + counts.shared]).toEqual([1, 19]);
    expect(counts.shared).toBeGreaterThan(0);
    expect(new Set(decisions.map(({ store }) => store)).size).toBe(1);
    expect((await classify(mimo, 'where  is the kiln')).cache).toBe('hit');
    await sawChats(mimo, [1]);
  });

  test('says by rules what the LLM cannot say, marked, and keeps none of it', async () => {
    const mimo = await linkedMimo(cleanup);
    const heal = armed(mimo.llms[0], DOWN);
    const query = 'how do I open the lighthouse?';
    expect(await classify(mimo, query)).toMatchObject({ store: 'procedural', by: 'rules', degraded: true });
    expect(await metric(mimo, 'mimo_cache_entries{cache="classifications"}')).toBe(0);
    heal();
    expect(await classify(mimo, query)).toMatchObject({ by: 'live', degraded: false, cache: 'miss' });
    expect(await classify(mimo, query)).toMatchObject({ by: 'live', cache: 'hit' });
    await sawChats(mimo, [2]);
  });

  test('answers an outage from what the LLM said before', async () => {
    const mimo = await linkedMimo(cleanup);
    await classify(mimo, 'where is the kiln?');
    armed(mimo.llms[0], DOWN);
    expect(await classify(mimo, 'where is the kiln?')).toMatchObject({ by: 'live', cache: 'hit' });
    expect(await classify(mimo, 'where is the loom?')).toMatchObject({ by: 'rules', cache: 'miss' });
  });

  test.each([
    ['the same model', ['stand-in-1', 'stand-in-1']],
    ['another model', ['stand-in-1', 'kwaipilot/kat-coder-pro:free']],
  ])('does not serve what a backup of %s said once the first is back', async (_what, models) => {
    const mimo = await linkedMimo(cleanup, { providers: [{}, {}], models });
    const heal = armed(mimo.llms[0], DOWN);
    const query = 'where is the kiln?';
    const ask = () => classify(mimo, query);
    expect(await ask()).toMatchObject({ by: 'backup', degraded: true, cache: 'miss' });
    // The first is asked again and again until its breaker opens; then what the backup said is good enough.
    await until('the breaker of the first has opened', async () => {
      await ask();
      return (await metric(mimo, 'mimo_breaker_state{link="llm"}')) === 2;
    });
    expect(await ask()).toMatchObject({ by: 'backup', degraded: true, cache: 'hit' });
    heal();
    await until('the first answers again', async () => (await ask()).by === 'live');
    expect(await ask()).toMatchObject({ by: 'live', degraded: false, cache: 'hit' });
  });

  test('asks again when an entry has come of age', async () => {
    const mimo = await linkedMimo(cleanup, { limits: { classifierCacheTtlMs: 150 } });
    await classify(mimo, 'where is the kiln?');
    await until(
      'it is asked again',
      async () => (await classify(mimo, 'where is the kiln?')).cache === 'miss',
    );
    await sawChats(mimo, [2]);
    expect(await metric(mimo, 'mimo_classifier_cache_ttl_seconds')).toBe(0.15);
  });

  test('takes no sentence for a verdict', async () => {
    const [llm, ollama, folder] = await Promise.all([fakeLlm(), fakeOllama(), temporaryFolder()]);
    for (const owned of [llm, ollama, folder]) cleanup.add(() => owned[Symbol.asyncDispose]());
    const databaseUrl = 'postgres://127.0.0.1:1/none';
    const service = await assemble(
      configFor({ databaseUrl, llmUrls: [llm.url], ollamaUrl: ollama.url, stateDir: folder.path }),
      SILENT,
    );
    cleanup.add(() => service.close());
    // It says "The answer is 42." to everything.
    for (const _ of [1, 2]) {
      const decision = await service.classify('where is the kiln?', newTrace());
      expect(decision).toMatchObject({ store: 'semantic', part: { by: 'rules' }, cache: 'miss' });
    }
    expect(llm.requests).toHaveLength(2);
  });

  test('orders what an ask recalls, and marks the answer with the worse of both calls', async () => {
    const mimo = await linkedMimo(cleanup, { more: { router: true } });
    const { body } = await post(mimo, '/v1/mimo/ask', { query: 'how do I open the lighthouse?' });
    expect(body.router_decision).toMatchObject({ by: 'live', cache: 'miss' });
    expect(body.served.links.llm.by).toBe('live');
    // One to classify, one to answer.
    await sawChats(mimo, [2]);
    armed(mimo.llms[0], DOWN);
    const { body: without } = await post(mimo, '/v1/mimo/ask', { query: 'how do I open the windmill?' });
    expect(without.router_decision).toMatchObject({ store: 'procedural', by: 'rules' });
    expect(without.served.links.llm.by).toBe('default');
  });
});
