-- The `created_at` that its passages were made for: another one where a transcript has none yet, being of an earlier
-- release or from another database, or where an earlier release has put it in the place of one that had some.
ALTER TABLE transcripts ADD COLUMN searchable BIGINT NOT NULL DEFAULT 0;

CREATE INDEX transcripts_to_be_searched ON transcripts (created_at) WHERE searchable <> created_at;
