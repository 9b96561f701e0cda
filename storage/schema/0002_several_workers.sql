-- Whoever has never been looked at waits in a line, where every workspace and every channel has its turn.
ALTER TABLE jobs ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;

CREATE INDEX jobs_waiting ON jobs (team, channel, created_at, id) WHERE waiting = 1 AND due_at IS NOT NULL;

-- What is in work is found by when it is due; the old index would be read through the whole line.
CREATE INDEX jobs_in_work ON jobs (due_at) WHERE waiting = 0 AND due_at IS NOT NULL;

DROP INDEX jobs_due;

-- Two notes may be of one millisecond, and not every database remembers which came first.
ALTER TABLE job_history ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;

-- The oldest program, by the newest migration that it knows, that still works with this schema. Empty: every one.
CREATE TABLE schema_floor (oldest INTEGER NOT NULL);
