-- The table of semantic triples. One row per tenant (graph) and statement. A fact that is remembered with a
-- triple becomes a row here in the same transaction, also when its write comes late out of the queue.

-- Up Migration

-- What makes two triples the same, in 32 bytes: the five texts may be 1.7 kB. Lengths go before the texts, so that
-- no two different triples can read alike. convert_to is only stable to PostgreSQL, for the case of another
-- encoding of the database; UTF8 to UTF8 changes nothing.
CREATE OR REPLACE FUNCTION semantic_triple_key
  (subject_type text, subject_id text, predicate text, object_type text, object_id text)
  RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN sha256(convert_to(
    length(subject_type) || ':' || subject_type || length(subject_id) || ':' || subject_id ||
    length(predicate) || ':' || predicate ||
    length(object_type) || ':' || object_type || length(object_id) || ':' || object_id, 'UTF8'));

DO $$ BEGIN
  -- A rollback has put the rows aside instead of dropping them.
  IF to_regclass('semantic_triples_kept') IS NOT NULL THEN
    ALTER TABLE semantic_triples_kept RENAME TO semantic_triples;
  ELSE
    CREATE TABLE semantic_triples (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- Lengths add up to less than the 2 704 bytes that an index entry may have.
      graph_id text NOT NULL CHECK (octet_length(graph_id) BETWEEN 1 AND 128),
      subject_type text NOT NULL CHECK (octet_length(subject_type) BETWEEN 1 AND 128),
      subject_id text NOT NULL CHECK (octet_length(subject_id) BETWEEN 1 AND 512),
      predicate text NOT NULL CHECK (octet_length(predicate) BETWEEN 1 AND 256),
      object_type text NOT NULL CHECK (octet_length(object_type) BETWEEN 1 AND 128),
      object_id text NOT NULL CHECK (octet_length(object_id) BETWEEN 1 AND 512),
      confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
      source text,
      metadata jsonb NOT NULL DEFAULT '{}',
      -- Null: for ever. No read may show a row whose time is over; a sweep takes it away later.
      expires_at timestamptz,
      inserted_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      key bytea NOT NULL GENERATED ALWAYS AS
        (semantic_triple_key(subject_type, subject_id, predicate, object_type, object_id)) STORED,
      -- The tenant belongs to the key: two tenants may hold the same triple, each with its own confidence.
      CONSTRAINT semantic_triples_graph_key UNIQUE (graph_id, key)
    );
    CREATE INDEX semantic_triples_expiry_idx ON semantic_triples (expires_at) WHERE expires_at IS NOT NULL;
  END IF;
END $$;

-- Texts too long for a node stay in the memory alone: a refusal here would keep the memory itself from being stored.
CREATE FUNCTION semantic_triple_from_engram(triple jsonb) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO semantic_triples
    (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence, source)
  SELECT 'global', 'entity', triple->>'subject', triple->>'predicate', 'entity', triple->>'object', 1, 'store_fact'
  WHERE octet_length(triple->>'subject') BETWEEN 1 AND 512
    AND octet_length(triple->>'predicate') BETWEEN 1 AND 256
    AND octet_length(triple->>'object') BETWEEN 1 AND 512
  ON CONFLICT (graph_id, key) DO UPDATE SET
    confidence = EXCLUDED.confidence, source = EXCLUDED.source, expires_at = NULL, updated_at = now();
END;

CREATE FUNCTION engrams_triple() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM semantic_triple_from_engram(NEW.metadata->'triple');
    RETURN NULL;
  END
$$;

CREATE TRIGGER engrams_triple AFTER INSERT ON engrams FOR EACH ROW
  WHEN (NEW.metadata ? 'triple') EXECUTE FUNCTION engrams_triple();

-- Facts remembered before there was this table, and while it was put aside.
SELECT semantic_triple_from_engram(metadata->'triple') FROM engrams WHERE metadata ? 'triple';

-- Down Migration
DROP TRIGGER engrams_triple ON engrams;
DROP FUNCTION engrams_triple();
DROP FUNCTION semantic_triple_from_engram(jsonb);
-- Nothing reads this name; the next migration up takes the rows back.
ALTER TABLE semantic_triples RENAME TO semantic_triples_kept;
