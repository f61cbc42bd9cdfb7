/**
 * Fills the database at DATABASE_URL with what a service that has run for a while holds: facts, and triples enough
 * that a migration over them takes time.
 */
import pg from 'pg';
import { FILL_SOURCE } from '../../services/mimo/audit.ts';

/** As many as the statements of the store are explained on. */
const TRIPLES = 100_000;
/** Some 3 kB each: the copy of a database for each scenario must stay small. */
const FACTS = 2_000;

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query(
  `INSERT INTO semantic_triples
     (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence, source)
   SELECT 'global', 'entity', 's' || i, 'p' || i % 10, 'entity', 'o' || i % 1000, 1, $2 FROM generate_series(1, $1) AS i`,
  [TRIPLES, FILL_SOURCE],
);
await client.query(
  `INSERT INTO engrams (content, category, importance, embedding, embedding_source, metadata, idempotency_key)
   SELECT 'fact ' || i, 'fact', 0.5, decode(repeat('00', 3072), 'hex'), 'live',
     jsonb_build_object('triple', jsonb_build_object('subject', 'f' || i, 'predicate', 'is', 'object', 'known')), 'fill-' || i
   FROM generate_series(1, $1) AS i`,
  [FACTS],
);
console.log(`${TRIPLES} triples and ${FACTS} facts`);
await client.end();
