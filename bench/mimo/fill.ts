/**
 * `node bench/mimo/fill.ts <triples>`: the graph of db:explain in the database at DATABASE_URL, its memories with unit
 * vectors, since a search compares no others.
 */
import pg from 'pg';
import { vectorToBytes } from '../../services/mimo/memory/engram.ts';
import { hashVector } from '../../services/mimo/memory/hash-vector.ts';
import { loadGraph } from '../explain/graph.ts';

const BATCH = 500;

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await loadGraph(client, Number(process.argv[2]));
const { rows } = await client.query<{ id: string; content: string }>('SELECT id, content FROM engrams');
for (let at = 0; at < rows.length; at += BATCH) {
  const batch = rows.slice(at, at + BATCH);
  await client.query(
    `UPDATE engrams SET embedding = fresh.embedding, embedding_source = 'live'
     FROM unnest($1::bigint[], $2::bytea[]) AS fresh (id, embedding) WHERE engrams.id = fresh.id`,
    [batch.map(({ id }) => id), batch.map(({ content }) => vectorToBytes(hashVector(content)))],
  );
}
await client.query('VACUUM ANALYZE engrams');
await client.end();
