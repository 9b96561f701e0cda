-- 0 where a transcript has no passages yet: it is of an earlier release, or came from another database.
ALTER TABLE transcripts ADD COLUMN searchable INTEGER NOT NULL DEFAULT 0;

CREATE INDEX transcripts_to_be_searched ON transcripts (created_at) WHERE searchable = 0;
