-- The table of memories. `revision` is drawn anew from a sequence at each insert and update, so that a
-- reader who knows the highest revision it has seen can ask for what is newer.

-- Up Migration
CREATE SEQUENCE engrams_revision;

CREATE TABLE engrams (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  content text NOT NULL,
  category text NOT NULL,
  importance real NOT NULL CHECK (importance BETWEEN 0 AND 1),
  -- 768 float32, little-endian: real[] takes longer to read, since every number becomes text.
  embedding bytea NOT NULL CHECK (octet_length(embedding) = 768 * 4),
  embedding_source text NOT NULL CHECK (embedding_source IN ('live', 'hash')),
  metadata jsonb NOT NULL DEFAULT '{}',
  idempotency_key text NOT NULL UNIQUE,
  -- An insert draws its revision here, an update in the trigger below.
  revision bigint NOT NULL DEFAULT nextval('engrams_revision'),
  inserted_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

ALTER SEQUENCE engrams_revision OWNED BY engrams.revision;

CREATE INDEX engrams_revision_index ON engrams (revision);
CREATE INDEX engrams_category_index ON engrams (category);
CREATE INDEX engrams_hashed_index ON engrams (id) WHERE embedding_source = 'hash';

CREATE FUNCTION engrams_touch() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    NEW.revision := nextval('engrams_revision');
    NEW.updated_at := now();
    RETURN NEW;
  END
$$;

CREATE TRIGGER engrams_touch BEFORE UPDATE ON engrams FOR EACH ROW EXECUTE FUNCTION engrams_touch();

-- Down Migration
DROP TABLE engrams;
DROP FUNCTION engrams_touch();
