/**
 * The five indexes of the semantic store, built while others write: CREATE INDEX CONCURRENTLY takes no lock that
 * a writer would wait for, and may not run in a transaction. Names and leading columns are the original's, with
 * the tenant before them, since every query names one.
 */
import type { MigrationBuilder } from 'node-pg-migrate';

const INDEXES: readonly (readonly [name: string, on: string])[] = [
  ['semantic_triples_spo_idx', 'semantic_triples (graph_id, subject_id, predicate, object_id)'],
  ['semantic_triples_osp_idx', 'semantic_triples (graph_id, object_id, subject_id, predicate)'],
  ['semantic_triples_predicate_idx', 'semantic_triples (graph_id, predicate, confidence DESC)'],
  ['engrams_entity_anchor_idx', "engrams (id) WHERE category = 'entity_anchor'"],
  ['semantic_triples_graph_idx', 'semantic_triples (graph_id, id DESC)'],
];

export function up(migration: MigrationBuilder): void {
  migration.noTransaction();
  for (const [name, on] of INDEXES) {
    // A build that was broken off leaves an invalid index of this name, which IF NOT EXISTS would take for a good one.
    migration.sql(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    migration.sql(`CREATE INDEX CONCURRENTLY ${name} ON ${on}`);
  }
}

export function down(migration: MigrationBuilder): void {
  migration.noTransaction();
  for (const [name] of INDEXES) migration.sql(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
}
