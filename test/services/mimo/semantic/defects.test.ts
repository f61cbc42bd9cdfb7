/**
 * The original's mistakes, each put back by exchanging one statement: what the store's own tests rely on must not
 * hold then. A mutant of the service does the same through `parts.semanticStatements`.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  SEMANTIC_STATEMENTS as GOOD,
  type SemanticStatements,
} from '../../../../services/mimo/semantic/statements.ts';
import { fill, type Graph, inTime, node, startGraph, TRACE, triple, way } from './graph.ts';

let graph: Graph;

beforeAll(async () => {
  graph = await startGraph();
});

afterAll(() => graph.stop());

beforeEach(async () => {
  await graph.direct.query('TRUNCATE semantic_triples');
});

/** The statements with one of them changed; a change that hits nothing is no defect. */
function defect(name: keyof SemanticStatements, change: (sql: string) => string): SemanticStatements {
  const sql = change(GOOD[name].sql);
  if (sql === GOOD[name].sql) throw new Error(`the change to ${name} hits nothing`);
  return { ...GOOD, [name]: { ...GOOD[name], sql } };
}

async function ways(statements: SemanticStatements, start: string, tenant = 'global'): Promise<string[]> {
  const question = {
    start: node(start),
    predicate: 'to',
    direction: 'forward' as const,
    maxDepth: 5,
    minConfidence: 0,
    limit: 100,
  };
  const { results } = await graph.store(statements).closure(tenant, question, TRACE, inTime());
  return results.map(way);
}

test('a cycle check by substring skips "ali" after "alice"', async () => {
  const bySubstring = defect('closureForward', (sql) =>
    sql.replace(/NOT w\.path @> [^\n]+/, 'position(t.object_id IN w.path::text) = 0'),
  );
  await fill(graph.store(), ['alice to ali', 'ali to bo']);
  expect(await ways(bySubstring, 'alice')).toEqual([]);
  expect(await ways(GOOD, 'alice')).toHaveLength(2);
});

test('a read that ignores the time of life shows what has expired', async () => {
  const immortal = defect('closureForward', (sql) => sql.replaceAll('t.expires_at > now()', 'true'));
  await fill(graph.store(), ['A to B']);
  await graph.direct.query("UPDATE semantic_triples SET expires_at = now() - interval '1 s'");
  expect(await ways(immortal, 'A')).toHaveLength(1);
  expect(await ways(GOOD, 'A')).toEqual([]);
});

test('a key without the tenant lets one overwrite the other', async () => {
  // The key itself is the table's; the upsert that finds its row without looking at the tenant behaves the same.
  const tenantless = defect(
    'upsert',
    (sql) => `WITH elsewhere AS (
    UPDATE semantic_triples SET graph_id = $1, confidence = $7
    WHERE key = semantic_triple_key($2, $3, $4, $5, $6) RETURNING id, expires_at
  ), fresh AS (${sql.replace(/VALUES \(([\s\S]*?)\)\n/, (_, values) => `SELECT ${values} WHERE NOT EXISTS (SELECT FROM elsewhere)\n`)})
  SELECT * FROM elsewhere UNION ALL SELECT * FROM fresh`,
  );
  const store = graph.store(tenantless);
  await store.upsert('one', triple('A to B', { confidence: 0.9 }), TRACE, inTime());
  await store.upsert('two', triple('A to B', { confidence: 0.4 }), TRACE, inTime());
  expect(await ways(GOOD, 'A', 'one')).toEqual([]);
});
