/** All that are compared, by the name that `--only` takes. */
import type { Candidate } from '../candidate.ts';
import { faissExact, faissHnsw } from './faiss.ts';
import { fourSums } from './four-sums.ts';
import { hnswlib } from './hnswlib.ts';
import { mimo } from './mimo.ts';
import { pglite, pgvector, pgvectorExact, pgvectorFilled } from './pgvector.ts';
import { sqliteVec } from './sqlite-vec.ts';
import { usearch, usearchExact, usearchI8 } from './usearch.ts';

export const CANDIDATES: Readonly<Record<string, Candidate>> = {
  mimo,
  'four-sums': fourSums,
  'usearch-exact': usearchExact,
  'faiss-exact': faissExact,
  'sqlite-vec': sqliteVec,
  'pgvector-exact': pgvectorExact,
  usearch,
  'usearch-i8': usearchI8,
  hnswlib,
  faiss: faissHnsw,
  pgvector,
  'pgvector-filled': pgvectorFilled,
  pglite,
};
