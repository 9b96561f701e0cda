-- What was said, turn by turn, as people look for it (storage/matching.py). The id grows with the time of the transcript.
CREATE TABLE passages (
    id BIGINT NOT NULL,
    job_id TEXT NOT NULL REFERENCES transcripts (job_id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    text TEXT NOT NULL,
    grams TSVECTOR NOT NULL
);

CREATE INDEX passages_by_id ON passages (id);
CREATE INDEX passages_by_job ON passages (job_id);

-- What is new stands in a list for a while, which every search reads: it is kept short.
CREATE INDEX passages_by_gram ON passages USING gin (grams) WITH (gin_pending_list_limit = 256);
