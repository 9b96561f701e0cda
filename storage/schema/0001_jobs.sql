-- Moments and lengths are integer milliseconds (moments since 1970-01-01 UTC).

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    enterprise TEXT,
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    file TEXT NOT NULL,
    occasion TEXT NOT NULL,
    thread TEXT,
    message_ts TEXT,
    user_id TEXT NOT NULL,
    title TEXT,
    state TEXT NOT NULL,
    state_since BIGINT NOT NULL,
    provider TEXT,
    duration BIGINT,
    damaged INTEGER NOT NULL DEFAULT 0,
    ticket TEXT,
    handle TEXT,
    attempts INTEGER NOT NULL,
    tickets INTEGER NOT NULL DEFAULT 0,
    sendings INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0,
    -- When somebody may next claim it: null unless claimable; while a lease is held, the end of the lease.
    due_at BIGINT,
    lease TEXT,
    reply_intent TEXT,
    reply_ts TEXT,
    failure_reason TEXT,
    failure_sentence TEXT,
    created_at BIGINT NOT NULL,
    -- One job for one sharing of one file: repeated events meet this.
    UNIQUE (team, channel, file, occasion)
);

-- Partial, because an index on state or a list of states is scanned whole (measured: up to 11,000 times slower).
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_by_handle ON jobs (provider, handle) WHERE handle IS NOT NULL;
CREATE INDEX jobs_by_channel ON jobs (team, channel, created_at);
CREATE INDEX jobs_by_person ON jobs (team, user_id, created_at);

CREATE TABLE job_history (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    note TEXT
);

CREATE INDEX job_history_by_job ON job_history (job_id, at);

CREATE TABLE inbox (
    provider TEXT NOT NULL,
    digest TEXT NOT NULL,
    handle TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at BIGINT NOT NULL,
    read_at BIGINT,
    -- A webhook that comes twice is kept once.
    PRIMARY KEY (provider, digest)
);

CREATE INDEX inbox_by_handle ON inbox (provider, handle);

CREATE TABLE transcripts (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
