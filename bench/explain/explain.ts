/** Runs EXPLAIN on statements with values, and leaves the database as it was. */
import type pg from 'pg';
import type { Statement } from '../../services/mimo/memory/statement.ts';
import { type Explained, type Measured, measured } from './plan.ts';
import type { Values } from './samples.ts';

/** The middle of three: the first may find the cache cold. */
const RUNS = 3;

/** Explains a statement by running it in a transaction that is taken back: writes are explained too. */
export async function explain(
  client: pg.Client,
  statement: Statement,
  values: Values,
  runs: number = RUNS,
): Promise<Measured> {
  const explained: Explained[] = [];
  for (let run = 0; run < runs; run += 1) {
    await client.query('BEGIN');
    try {
      const sql = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.sql}`;
      const { rows } = await client.query<{ 'QUERY PLAN': Explained[] }>(sql, [...values]);
      const [plan] = rows[0]?.['QUERY PLAN'] ?? [];
      if (plan === undefined) throw new Error(`${statement.name}: EXPLAIN answered without a plan`);
      explained.push(plan);
    } finally {
      await client.query('ROLLBACK');
    }
  }
  return measured(statement, explained);
}
