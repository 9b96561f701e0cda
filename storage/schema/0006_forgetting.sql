-- 1 while what a job left in Slack and here is still to be removed, 2 once it is.
ALTER TABLE jobs ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;

-- What Slack tells of when something is deleted.
CREATE INDEX jobs_by_file ON jobs (team, file);
CREATE INDEX jobs_by_occasion ON jobs (team, channel, occasion);

-- What is owed a change, or its removal, and that nobody will look at by itself. By a column that never changes: an index
-- on the state would make every move of a job an entry in each of its indexes (PostgreSQL).
CREATE INDEX jobs_owed ON jobs (id) WHERE due_at IS NULL AND (forgotten = 1 OR naming <> shown);

CREATE INDEX transcripts_by_age ON transcripts (created_at);
