/** Every read of the semantic store on graphs of growing size, with the five indexes and without. */
import pg from 'pg';
import { explain } from './explain.ts';
import { loadGraph } from './graph.ts';
import { SEMANTIC_READS } from './samples.ts';

export const SIZES: readonly number[] = [1_000, 10_000, 100_000, 1_000_000];
/** What takes longer is not waited for. */
export const LIMIT_MS = 60_000;
/** Once is enough for what takes long: noise is small against it. */
const ONCE_FROM_MS = 2_000;
const QUERY_CANCELED = '57014';

export interface Point {
  readonly triples: number;
  readonly statement: string;
  readonly hasIndexes: boolean;
  /** Null: more than LIMIT_MS. */
  readonly tookMs: number | null;
}

export interface Index {
  readonly name: string;
  readonly definition: string;
}

/** The indexes of the migration 0003, as PostgreSQL would write them. */
export async function semanticIndexes(client: pg.Client): Promise<Index[]> {
  const { rows } = await client.query<Index>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE indexname ~ '^(semantic_triples_(spo|osp|predicate|graph)|engrams_entity_anchor)_idx$' ORDER BY 1`,
  );
  return rows;
}

/** Measures all sizes, smallest first. `onDone` is told of each, as it may take minutes. */
export async function measureGrowth(
  client: pg.Client,
  sizes: readonly number[],
  onDone: (triples: number, points: readonly Point[]) => void,
): Promise<Point[]> {
  await client.query(`SET statement_timeout = 0`);
  const indexes = await semanticIndexes(client);
  const all: Point[] = [];
  for (const triples of sizes) {
    await loadGraph(client, triples);
    const points = await measure(client, triples, true);
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
    points.push(...(await measure(client, triples, false)));
    for (const { definition } of indexes) await client.query(definition);
    all.push(...points);
    onDone(triples, points);
  }
  return all;
}

async function measure(client: pg.Client, triples: number, hasIndexes: boolean): Promise<Point[]> {
  const points: Point[] = [];
  for (const [statement, values] of SEMANTIC_READS) {
    await client.query(`SET statement_timeout = ${LIMIT_MS}`);
    let tookMs: number | null = null;
    try {
      const first = await explain(client, statement, values, 1);
      const isLong = first.tookMs > ONCE_FROM_MS;
      tookMs = isLong ? first.tookMs : (await explain(client, statement, values)).tookMs;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== QUERY_CANCELED) throw error;
    }
    await client.query('SET statement_timeout = 0');
    points.push({ triples, statement: statement.name, hasIndexes, tookMs });
  }
  return points;
}
