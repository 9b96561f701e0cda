-- Who the speakers are, as people say it: a JSON object of names by the provider's label. Every naming is kept, the newest
-- counts, and whoever wants the one before back makes it the newest again.
CREATE TABLE namings (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    names TEXT NOT NULL,
    named_by TEXT NOT NULL,
    named_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, version)
);

-- The newest naming, and the one that the reply shows: while they differ the reply is owed a change.
ALTER TABLE jobs ADD COLUMN naming INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;

-- A button knows the message that it is on.
CREATE INDEX jobs_by_reply ON jobs (team, channel, reply_ts) WHERE reply_ts IS NOT NULL;
