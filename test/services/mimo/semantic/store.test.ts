/** The semantic store on a real PostgreSQL: every operation, tenants, expiry, and walks in graphs with cycles. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FRONTIER_MAX } from '../../../../services/mimo/semantic/statements.ts';
import type { ClosureQuestion, SemanticStore } from '../../../../services/mimo/semantic/store.ts';
import { fill, type Graph, inTime, node, says, startGraph, TRACE, triple, way } from './graph.ts';

let graph: Graph;
let store: SemanticStore;

beforeAll(async () => {
  graph = await startGraph();
  store = graph.store();
});

afterAll(() => graph.stop());

beforeEach(async () => {
  await graph.direct.query('TRUNCATE semantic_triples');
});

const upsert = (text: string, given: Parameters<typeof triple>[1] = {}, tenant = 'global') =>
  store.upsert(tenant, triple(text, given), TRACE, inTime());
const closure = async (start: string, given: Partial<ClosureQuestion> = {}, tenant = 'global') => {
  const question = {
    start: node(start),
    predicate: 'to',
    direction: 'forward' as const,
    maxDepth: 5,
    minConfidence: 0,
    limit: 1_000,
    ...given,
  };
  return store.closure(tenant, question, TRACE, inTime());
};
const ways = async (...args: Parameters<typeof closure>) => (await closure(...args)).results.map(way);
const pathTo = async (
  from: string,
  to: string,
  given: { predicate?: string | null; maxDepth?: number } = {},
) => {
  const question = {
    from: node(from),
    to: node(to),
    predicate: 'to',
    maxDepth: 10,
    minConfidence: 0,
    ...given,
  };
  return (await store.findPath('global', question, TRACE, inTime())).results.map(way);
};
const relationships = async (of: string, predicate: string | null = null, tenant = 'global') => {
  const question = { node: node(of), predicate, limit: 10 };
  const { outgoing, incoming } = await store.relationships(tenant, question, TRACE, inTime());
  return { outgoing: outgoing.results.map(says), incoming: incoming.results.map(says) };
};
const match = async (clauses: readonly string[], limit = 100) => {
  const parsed = clauses.map((clause) => {
    const [subject = '?', predicate = '', object = '?'] = clause.split(' ');
    return {
      subject: subject === '?' ? null : node(subject),
      predicate,
      object: object === '?' ? null : node(object),
    };
  });
  const { results, truncated } = await store.match('global', parsed, limit, TRACE, inTime());
  return { says: results.map(says), truncated };
};
const expire = (subject: string) =>
  graph.direct.query(
    "UPDATE semantic_triples SET expires_at = now() - interval '1 ms' WHERE subject_id = $1",
    [subject],
  );
const rows = async () =>
  (await graph.direct.query('SELECT count(*)::int AS n FROM semantic_triples')).rows[0].n;

describe('upsert', () => {
  test('stores once, and the last word counts', async () => {
    const first = await upsert('Ada knows Bo', { confidence: 0.5, source: 'a', ttlS: 60 });
    expect(first.expires_at).not.toBeNull();
    const again = await upsert('Ada knows Bo', { confidence: 0.9, metadata: { seen: 2 } });
    expect(again).toEqual({ id: first.id, expires_at: null });
    const { results } = await store.byPredicate('global', 'knows', 10, TRACE, inTime());
    expect(results).toEqual([
      {
        id: first.id,
        subject: { type: 'thing', id: 'Ada' },
        predicate: 'knows',
        object: { type: 'thing', id: 'Bo' },
        confidence: 0.9,
        source: null,
        metadata: { seen: 2 },
        expires_at: null,
      },
    ]);
  });

  test('many at once make one row', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => upsert('Ada knows Bo')));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    expect(await rows()).toBe(1);
  });

  test('tells triples apart whose texts read alike when joined', async () => {
    await upsert('a bc d');
    await upsert('ab c d');
    await upsert('t:a bc d');
    expect(await rows()).toBe(3);
  });
});

describe('tenants', () => {
  test('hold the same triple side by side, each with its own confidence', async () => {
    await upsert('A to B', { confidence: 0.9 }, 'one');
    await upsert('A to B', { confidence: 0.4 }, 'two');
    expect(await ways('A', {}, 'one')).toEqual(['1 B 0.9 via A>B']);
    expect(await ways('A', {}, 'two')).toEqual(['1 B 0.4 via A>B']);
  });

  test('never see each other, whatever they ask', async () => {
    await fill(store, ['A to B', 'B to C'], 'one');
    expect(await ways('A')).toEqual([]);
    expect(await pathTo('A', 'C')).toEqual([]);
    expect(await relationships('B')).toEqual({ outgoing: [], incoming: [] });
    expect((await match(['? to B'])).says).toEqual([]);
    for (const found of [
      await store.byPredicate('global', 'to', 10, TRACE, inTime()),
      await store.recent('global', 10, TRACE, inTime()),
      await store.mentions('global', ['A'], 10, TRACE, inTime()),
    ])
      expect(found).toEqual({ results: [], truncated: false });
  });
});

describe('time of life', () => {
  test('a triple whose time is over is in no answer, though its row is there', async () => {
    await fill(store, ['A to B', 'B to C', 'B is X']);
    await expire('B');
    expect(await rows()).toBe(3);
    expect(await ways('A')).toEqual(['1 B 1 via A>B']);
    expect(await ways('C', { direction: 'backward' })).toEqual([]);
    expect(await pathTo('A', 'C')).toEqual([]);
    expect(await relationships('B')).toEqual({ outgoing: [], incoming: ['A to B'] });
    expect((await match(['? is X'])).says).toEqual([]);
    expect((await match(['B to ?'])).says).toEqual([]);
    for (const found of [
      await store.byPredicate('global', 'is', 10, TRACE, inTime()),
      await store.mentions('global', ['X'], 10, TRACE, inTime()),
    ])
      expect(found.results).toEqual([]);
    expect((await store.recent('global', 10, TRACE, inTime())).results.map(says)).toEqual(['A to B']);
  });

  test('a way expires with the first of its triples', async () => {
    await upsert('A to B', { ttlS: 1_000 });
    await upsert('B to C', { ttlS: 10 });
    const [b, c] = (await closure('A')).results;
    expect(Date.parse(b?.expires_at ?? '') - Date.parse(c?.expires_at ?? '')).toBeGreaterThan(900_000);
  });

  test('an upsert gives new life', async () => {
    await upsert('A to B', { ttlS: 60 });
    await expire('A');
    await upsert('A to B');
    expect(await ways('A')).toEqual(['1 B 1 via A>B']);
  });

  test('the sweep takes away what is over, and says whether more will be', async () => {
    await fill(store, ['A to B']);
    await upsert('B to C', { ttlS: 60 });
    await upsert('C to D', { ttlS: 60 });
    await expire('B');
    expect(await store.sweep(TRACE, inTime())).toEqual({ swept: 1, more: true });
    await expire('C');
    expect(await store.sweep(TRACE, inTime())).toEqual({ swept: 1, more: false });
    expect(await rows()).toBe(1);
  });
});

describe('transitive closure', () => {
  test('goes forward and backward, as deep as allowed, along one predicate', async () => {
    await fill(store, ['A to B', 'B to C', 'C to D', 'A is X']);
    expect(await ways('A')).toEqual(['1 B 1 via A>B', '2 C 1 via A>B>C', '3 D 1 via A>B>C>D']);
    expect(await ways('A', { maxDepth: 2 })).toEqual(['1 B 1 via A>B', '2 C 1 via A>B>C']);
    expect(await ways('D', { direction: 'backward', maxDepth: 2 })).toEqual([
      '1 C 1 via C>D',
      '2 B 1 via B>C>D',
    ]);
  });

  test('multiplies confidences, and stops where too little is left', async () => {
    await upsert('A to B', { confidence: 0.7 });
    await upsert('B to C', { confidence: 0.7 });
    await upsert('C to D', { confidence: 0.9 });
    expect(await ways('A', { minConfidence: 0.49 })).toEqual(['1 B 0.7 via A>B', '2 C 0.49 via A>B>C']);
    expect(await ways('A', { minConfidence: 0.5 })).toEqual(['1 B 0.7 via A>B']);
  });

  test('tells each node once, by the surest way', async () => {
    await fill(store, ['A to B', 'B to D']);
    await upsert('A to D', { confidence: 0.5 });
    await upsert('A to C', { confidence: 0.6 });
    await fill(store, ['C to D']);
    expect(await ways('A')).toEqual(['1 B 1 via A>B', '1 C 0.6 via A>C', '2 D 1 via A>B>D']);
  });

  test('knows a cycle by the node itself: "ali" is not "alice"', async () => {
    await fill(store, ['alice to ali', 'ali to al', 'al to alice']);
    expect(await ways('alice')).toEqual(['1 ali 1 via alice>ali', '2 al 1 via alice>ali>al']);
    expect(await pathTo('alice', 'al')).toEqual(['2 al 1 via alice>ali>al']);
    expect(await ways('alice', { direction: 'backward' })).toEqual([
      '1 al 1 via al>alice',
      '2 ali 1 via ali>al>alice',
    ]);
  });

  test('tells nodes apart by type as well', async () => {
    await fill(store, ['person:Ada to language:Ada', 'language:Ada to A', 'town:Ada to B']);
    expect(await ways('person:Ada')).toEqual([
      '1 language:Ada 1 via person:Ada>language:Ada',
      '2 A 1 via person:Ada>language:Ada>A',
    ]);
  });

  test('ends in a dense graph, where ways are beyond counting', async () => {
    const names = Array.from({ length: 14 }, (_, i) => `n${i}`);
    const all = names.flatMap((a) => names.filter((b) => b !== a).map((b) => `${a} to ${b}`));
    await Promise.all(all.map((text) => upsert(text, { confidence: 0.99 })));
    const { results } = await closure('n0', { maxDepth: 10 });
    expect(results.map(({ depth }) => depth)).toEqual(Array(13).fill(1));
  });

  test('says when it tells not all', async () => {
    await fill(store, ['A to B', 'A to C', 'A to D']);
    expect(await closure('A', { limit: 2 })).toMatchObject({ truncated: true, results: [{}, {}] });
    expect(await closure('A', { limit: 3 })).toMatchObject({ truncated: false });
  });

  test('is cut where it grows too wide, and says so', async () => {
    await graph.direct.query(
      `INSERT INTO semantic_triples
         (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence)
       SELECT 'global', 'thing', 'hub', 'to', 'thing', 'n' || i, 1 FROM generate_series(1, $1) AS i`,
      [FRONTIER_MAX + 1],
    );
    expect(await closure('hub', { limit: 10_000 })).toMatchObject({ truncated: true });
    const nowhere = {
      from: node('hub'),
      to: node('nowhere'),
      predicate: 'to',
      maxDepth: 3,
      minConfidence: 0,
    };
    expect(await store.findPath('global', nowhere, TRACE, inTime())).toEqual({
      results: [],
      truncated: true,
    });
  }, 30_000);
});

describe('find path', () => {
  test('takes the shortest way, and of equally long ones the surest', async () => {
    await fill(store, ['A to B', 'B to C', 'C to D', 'A to X', 'X to D']);
    await upsert('A to Y', { confidence: 0.5 });
    await fill(store, ['Y to D']);
    expect(await pathTo('A', 'D')).toEqual(['2 D 1 via A>X>D']);
  });

  test('finds none where there is none, within the steps allowed and against the direction', async () => {
    await fill(store, ['A to B', 'B to C']);
    expect(await pathTo('A', 'C', { maxDepth: 1 })).toEqual([]);
    expect(await pathTo('C', 'A')).toEqual([]);
    expect(await pathTo('A', 'Z')).toEqual([]);
  });

  test('may use triples of any kind, and needs none to stay', async () => {
    await fill(store, ['A to B', 'B is C']);
    expect(await pathTo('A', 'C')).toEqual([]);
    expect(await pathTo('A', 'C', { predicate: null })).toEqual(['2 C 1 via A>B>C']);
    expect(await pathTo('A', 'A')).toEqual(['0 A 1 via A']);
  });
});

describe('relationships', () => {
  test('are told in both directions, surest first, of all kinds or one', async () => {
    await fill(store, ['A to B', 'C is A', 'D to E']);
    await upsert('A is B', { confidence: 0.5 });
    expect(await relationships('A')).toEqual({ outgoing: ['A to B', 'A is B'], incoming: ['C is A'] });
    expect(await relationships('A', 'is')).toEqual({ outgoing: ['A is B'], incoming: ['C is A'] });
  });
});

describe('pattern match', () => {
  test('tells all triples of the subjects that meet every clause', async () => {
    await fill(store, [
      'alice reports_to ceo',
      'alice in sf',
      'alice likes tea',
      'bob reports_to ceo',
      'bob in ny',
    ]);
    expect((await match(['? reports_to ceo', '? in sf'])).says).toEqual([
      'alice reports_to ceo',
      'alice in sf',
      'alice likes tea',
    ]);
    expect((await match(['alice in ?'])).says).toHaveLength(3);
    expect((await match(['bob in sf'])).says).toEqual([]);
    expect((await match(['? reports_to ceo', 'bob in ?'])).says).toEqual(['bob reports_to ceo', 'bob in ny']);
  });

  test('the same clause twice asks no more than once', async () => {
    await fill(store, ['alice in sf']);
    expect((await match(['? in sf', '? in sf'])).says).toEqual(['alice in sf']);
  });

  test('says when it tells not all', async () => {
    await fill(store, ['A to B', 'C to B', 'D to B']);
    expect(await match(['? to B'], 2)).toEqual({ says: ['A to B', 'C to B'], truncated: true });
  });
});
