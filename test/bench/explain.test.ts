/** db:explain on a real PostgreSQL: good as it is, and each index is missed when it is gone. */
import { glob, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { explain } from '../../bench/explain/explain.ts';
import { loadGraph } from '../../bench/explain/graph.ts';
import { measureGrowth, semanticIndexes } from '../../bench/explain/growth.ts';
import { growthTable, renderGrowth } from '../../bench/explain/growth-plot.ts';
import { type Explained, judge, measured } from '../../bench/explain/plan.ts';
import { samples } from '../../bench/explain/samples.ts';
import { postgresUrl } from '../../harness/environment/postgres.ts';
import { ENGRAM_STATEMENTS } from '../../services/mimo/memory/statements.ts';
import { migrate } from '../../services/mimo/migrate.ts';
import { SEMANTIC_STATEMENTS } from '../../services/mimo/semantic/statements.ts';
import { testPostgres } from '../support/postgres.ts';
import { spawnToEnd } from './spawn.ts';

const TRIPLES = 100_000;
/** Plans are asserted here; how long they take on a busy machine says nothing. */
const NO_LIMIT_MS = 60_000;
const CLI_LIMIT_MS = 120_000;

let postgres: Awaited<ReturnType<typeof testPostgres>>;
let url: string;
let client: pg.Client;

beforeAll(async () => {
  postgres = await testPostgres();
  url = postgresUrl({ host: '127.0.0.1', port: postgres.port });
  await migrate(url, 'up');
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await loadGraph(client, TRIPLES);
}, CLI_LIMIT_MS);

afterAll(async () => {
  await client.end();
  await postgres.stop();
});

/** Names of the statements whose plan is at fault. */
async function atFault(): Promise<string[]> {
  const names: string[] = [];
  for (const [statement, values] of await samples(client))
    if (judge(await explain(client, statement, values, 1), NO_LIMIT_MS).fault !== null)
      names.push(statement.name);
  return names;
}

describe('db:explain', () => {
  test('has values for every statement of both stores', async () => {
    const explained = (await samples(client)).map(([{ name }]) => name);
    expect(explained).toEqual([...Object.keys(SEMANTIC_STATEMENTS), ...Object.keys(ENGRAM_STATEMENTS)]);
  });

  test('no statement hides elsewhere in the service', async () => {
    const sql = /\b(FROM|INTO|UPDATE|JOIN) (engrams|semantic_triples|engram_vectors)\b/;
    expect(sql.test(ENGRAM_STATEMENTS.newer.sql) && sql.test(SEMANTIC_STATEMENTS.path.sql)).toBe(true);
    const elsewhere: string[] = [];
    let files = 0;
    for await (const file of glob('services/mimo/**/*.ts')) {
      // The audit reads past the service on purpose, and migrations run once.
      if (/statements\.ts$|audit\.ts$|migrations\//.test(file)) continue;
      files += 1;
      const text = await readFile(file, 'utf8');
      if (sql.test(text)) elsewhere.push(file);
    }
    expect(files).toBeGreaterThan(30);
    expect(elsewhere).toEqual([]);
  });

  test('finds every plan good', async () => {
    expect(await atFault()).toEqual([]);
  }, 60_000);

  test.each([
    ['semantic_triples_spo_idx', ['closureForward', 'path']],
    ['semantic_triples_osp_idx', ['closureBackward']],
    ['semantic_triples_predicate_idx', ['byPredicate']],
    ['semantic_triples_graph_idx', ['recent']],
    ['engrams_entity_anchor_idx', ['anchors']],
    ['semantic_triples_expiry_idx', ['sweep']],
    ['engrams_revision_index', ['newer', 'survey']],
  ])(
    'misses %s',
    async (index, expected) => {
      const { rows } = await client.query('SELECT indexdef FROM pg_indexes WHERE indexname = $1', [index]);
      await client.query(`DROP INDEX ${index}`);
      try {
        expect(await atFault()).toEqual(expect.arrayContaining(expected));
      } finally {
        await client.query(rows[0].indexdef);
      }
    },
    60_000,
  );

  test('leaves the graph as it was', async () => {
    const count = async () =>
      (await client.query('SELECT count(*)::int AS n FROM semantic_triples')).rows[0].n;
    const before = await count();
    await atFault();
    expect(await count()).toBe(before);
  });

  test(
    'as a command: 0 where all is good, 1 where an index is gone or a limit passed, and no database stays',
    async () => {
      const run = (...args: string[]) =>
        spawnToEnd([process.execPath, 'bench/explain/main.ts', '--triples', '100000', ...args], {
          DATABASE_URL: url,
        });
      const good = await run('--limit', '60000');
      expect([good.code, good.stdout.trimEnd().split('\n').at(-1)]).toEqual([
        0,
        expect.stringMatching(/^PostgreSQL \d+\.\d+, 100000 triples: (\d+) of \1 statements are good$/),
      ]);
      const missed = await run('--limit', '60000', '--without', 'semantic_triples_spo_idx');
      expect(missed.code).toBe(1);
      expect(missed.stdout).toMatch(/closureForward .* BAD: does not use semantic_triples_spo_idx/);
      const slow = await run('--limit', '0.001', '--triples', '1000');
      expect(slow.code).toBe(1);
      expect(slow.stdout).toContain('more than 0.001 ms');
      const unknown = await run('--triples', '1000', '--without', 'nope');
      expect([unknown.code, unknown.stderr]).toEqual([2, 'tripcurve: --without: there is no index "nope"\n']);
      const { rows } = await client.query("SELECT FROM pg_database WHERE datname LIKE 'mimo_explain%'");
      expect(rows).toEqual([]);
    },
    CLI_LIMIT_MS,
  );
});

describe('a plan', () => {
  const statement = { name: 's', sql: 'SELECT', plan: { usesOneOf: ['a_idx', 'b_idx'] } };
  const run = (ms: number, plan: Explained['Plan']): Explained => ({
    Plan: plan,
    'Planning Time': 0,
    'Execution Time': ms,
  });
  const index = { 'Node Type': 'Index Scan', 'Index Name': 'b_idx' };
  const scan = { 'Node Type': 'Seq Scan', 'Relation Name': 't' };

  test('is good with one of its indexes, and is timed by the middle run', () => {
    const judged = judge(measured(statement, [run(500, index), run(5, index), run(1, index)]), 100);
    expect([judged.fault, judged.tookMs]).toEqual([null, 5]);
  });

  test('is bad without index, with a scan beside one, and over time, and says all of it', () => {
    const both = { 'Node Type': 'Append', Plans: [index, scan] };
    expect(judge(measured(statement, [run(1, both)]), 100).fault).toBe('reads t from end to end');
    expect(judge(measured(statement, [run(200, scan)]), 100).fault).toBe(
      'does not use a_idx or b_idx; reads t from end to end; takes 200.0 ms, more than 100 ms',
    );
  });

  test('may scan where its statement says why', () => {
    const scans = { ...statement, plan: { scansBecause: 'the table is small' } };
    expect(judge(measured(scans, [run(1, scan)]), 100).fault).toBeNull();
  });
});

describe('growth', () => {
  test('measures every read with and without the indexes, leaves them in place, and plots what it found', async () => {
    const before = await semanticIndexes(client);
    expect(before).toHaveLength(5);
    const points = await measureGrowth(client, [1_000, 2_000], () => {});
    expect(await semanticIndexes(client)).toEqual(before);
    expect(points).toHaveLength(8 * 2 * 2);
    expect(growthTable(points, 'markdown')).toMatch(/\| closureForward \| [\d.]+ \/ [\d.]+ \| /);
    expect(renderGrowth([...points, { ...points[0], tookMs: null } as never], 'a test')).toMatch(
      /^<svg .*<\/svg>$/,
    );
  }, 60_000);
});
