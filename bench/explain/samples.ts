/**
 * Values to explain each statement with, from the graph of graph.ts. A statement without values here does not
 * compile: none can be forgotten.
 */
import type pg from 'pg';
import type { Statement } from '../../services/mimo/memory/statement.ts';
import { ENGRAM_STATEMENTS } from '../../services/mimo/memory/statements.ts';
import { SEMANTIC_STATEMENTS } from '../../services/mimo/semantic/statements.ts';

export type Values = readonly unknown[];
type Samples<S> = Readonly<Record<keyof S, Values>>;

/** Far down the tree: five steps from the root are n341 to n1364. */
const DEEP = 'n1364';
const EVERY_KEY = 'k17';

const SEMANTIC: Samples<typeof SEMANTIC_STATEMENTS> = {
  upsert: ['global', 'person', 'n1', 'reports_to', 'person', 'n5', 0.9, 'explain', '{}', 3_600],
  match: [
    'global',
    [null, 'person'],
    [null, 'n42'],
    ['reports_to', 'reports_to'],
    ['person', null],
    ['n170', null],
    101,
  ],
  closureForward: ['global', 'n0', 'person', 'reports_to', 5, 0.7, 2_001],
  closureBackward: ['global', DEEP, 'person', 'reports_to', 5, 0.7, 101],
  path: ['global', 'n0', 'person', 'reports_to', 10, 0.7, DEEP, 'person'],
  relationships: ['global', 'n42', 'person', null, 101],
  byPredicate: ['global', 'p3', 101],
  // Of a small tenant: for one that has most triples, the newest of all are as good a way.
  recent: ['tenant 5', 101],
  mentions: ['global', ['what', 'n42', 'n17', 'n42 n17', 'reports'], 11],
  sweep: [],
};

const VECTOR = Buffer.alloc(768 * 4, 1);

function engramSamples(revision: bigint, ids: readonly string[]): Samples<typeof ENGRAM_STATEMENTS> {
  return {
    insert: ['a note', 'observation', 0.5, VECTOR, 'live', '{}', EVERY_KEY],
    byKey: [EVERY_KEY],
    newer: [String(revision - 256n), []],
    survey: [10_000],
    hashed: [16],
    setLive: [ids, ids.map(() => VECTOR)],
    anchors: [100],
    vectorSupport: [],
  };
}

/** Every statement of both stores, with values. */
export async function samples(client: pg.Client): Promise<readonly (readonly [Statement, Values])[]> {
  const newest = await client.query<{ revision: string }>('SELECT max(revision) AS revision FROM engrams');
  const hashed = await client.query<{ id: string }>(
    "SELECT id FROM engrams WHERE embedding_source = 'hash' ORDER BY id LIMIT 16",
  );
  const revision = BigInt(newest.rows[0]?.revision ?? 0);
  const ids = hashed.rows.map(({ id }) => id);
  return [
    ...paired(SEMANTIC_STATEMENTS, SEMANTIC),
    ...paired(ENGRAM_STATEMENTS, engramSamples(revision, ids)),
  ];
}

/** The reads of the semantic store: what its indexes are for. */
export const SEMANTIC_READS: readonly (readonly [Statement, Values])[] = paired(
  SEMANTIC_STATEMENTS,
  SEMANTIC,
).filter(([{ name }]) => name !== 'upsert' && name !== 'sweep');

function paired<K extends string>(
  statements: Readonly<Record<K, Statement>>,
  values: Readonly<Record<K, Values>>,
): [Statement, Values][] {
  return (Object.keys(statements) as K[]).map((name) => [statements[name], values[name]]);
}
