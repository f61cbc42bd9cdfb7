-- Where the server has pgvector: a table of vectors that its index can search, filled by Mimo from the memories.
-- Everything in it can be made again, so it is dropped on the way down. Elsewhere nothing is made, and Mimo goes on
-- searching in process.

-- Up Migration
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN RETURN; END IF;
  BEGIN
    CREATE EXTENSION IF NOT EXISTS vector;
  EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'pgvector is here, but this user may not create it: memories are searched in process';
    RETURN;
  END;

  CREATE TABLE engram_vectors (
    engram_id bigint PRIMARY KEY REFERENCES engrams ON DELETE CASCADE,
    -- Of the memory it was made from: a vector of an older revision is not its vector.
    revision bigint NOT NULL,
    embedding vector(768) NOT NULL
  );
  CREATE INDEX engram_vectors_hnsw_idx ON engram_vectors USING hnsw (embedding vector_cosine_ops);

  -- By default HNSW looks at 40 vectors and so never finds more; a search may ask for 100.
  CREATE FUNCTION engrams_nearest(query vector, count bigint)
    RETURNS TABLE (engram_id bigint, revision bigint, similarity double precision)
    LANGUAGE sql STABLE SET hnsw.ef_search = 200 AS
    'SELECT v.engram_id, v.revision, 1 - (v.embedding <=> $1) FROM engram_vectors v ORDER BY v.embedding <=> $1 LIMIT $2';
END $$;

-- Down Migration
DO $$ BEGIN
  IF to_regclass('engram_vectors') IS NULL THEN RETURN; END IF;
  DROP FUNCTION engrams_nearest;
  DROP TABLE engram_vectors;
END $$;
