/** sqlite-vec in Node's own SQLite, in memory: an exact scan in C. */
import { DatabaseSync } from 'node:sqlite';
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import type { Candidate } from '../candidate.ts';
import { loadPackage, versionOf } from '../load-package.ts';

interface SqliteVec {
  load(db: DatabaseSync): void;
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

export const sqliteVec: Candidate = {
  label: 'sqlite-vec, exact',
  efs: [],
  async build(base) {
    const db = new DatabaseSync(':memory:', { allowExtension: true });
    loadPackage<SqliteVec>('sqlite-vec').load(db);
    db.exec(`CREATE VIRTUAL TABLE vectors USING vec0 (embedding float[${DIMENSION}] distance_metric=cosine)`);
    const insert = db.prepare('INSERT INTO vectors (rowid, embedding) VALUES (?, ?)');
    db.exec('BEGIN');
    for (let row = 0; row < base.length / DIMENSION; row += 1) {
      const vector = base.subarray(row * DIMENSION, (row + 1) * DIMENSION);
      // Row ids begin at 1.
      insert.run(BigInt(row + 1), bytesOf(vector));
    }
    db.exec('COMMIT');
    const nearest = db.prepare('SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = ?');
    return {
      version: versionOf('sqlite-vec'),
      search: (query, k) => nearest.all(bytesOf(query), k).map(({ rowid }) => Number(rowid) - 1),
      [Symbol.asyncDispose]: async () => db.close(),
    };
  },
};
