-- What people corrected in a transcript, version by version: of which turn, from which character of its text on, which words
-- became which. `undoes`: the version that this one takes back. `made_at`: the `created_at` of the transcript that was
-- corrected; the release before replaces a transcript and leaves these rows, which then are of another one.
CREATE TABLE corrections (
    job_id TEXT NOT NULL REFERENCES transcripts (job_id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    made_at BIGINT NOT NULL,
    turn INTEGER NOT NULL,
    place INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    undoes INTEGER,
    corrected_by TEXT NOT NULL,
    name TEXT NOT NULL,
    corrected_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, version)
);

-- The newest version, and the one that the reply shows: while they differ the reply is owed a change.
ALTER TABLE jobs ADD COLUMN corrections INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN corrections_shown INTEGER NOT NULL DEFAULT 0;

-- As `jobs_owed`: what nobody will look at by itself.
CREATE INDEX jobs_owing_corrections ON jobs (id) WHERE due_at IS NULL AND corrections <> corrections_shown;
