-- Files that people asked for: what, for whom, and once it is with Slack which file, and in which message it is. Without
-- any word of the recording. `recipient`: 'thread', or 'person' for whoever asked. `request`: Slack's id of the form that
-- was sent, so that one that arrives twice counts once.
CREATE TABLE exports (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    request TEXT NOT NULL,
    format TEXT NOT NULL,
    recipient TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    channel TEXT,
    file TEXT,
    sharings INTEGER NOT NULL DEFAULT 0,
    message_ts TEXT,
    PRIMARY KEY (job_id, number),
    UNIQUE (job_id, request)
);

-- How many were asked for, and up to which number they are done with: while they differ the next one is owed.
ALTER TABLE jobs ADD COLUMN exports INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN exported INTEGER NOT NULL DEFAULT 0;

-- As `jobs_owed`: what nobody will look at by itself.
CREATE INDEX jobs_owing_exports ON jobs (id) WHERE due_at IS NULL AND exports <> exported;
