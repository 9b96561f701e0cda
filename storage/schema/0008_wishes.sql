-- What people want, as JSON objects: of a workspace (whose is ''), a channel or a person.
CREATE TABLE preferences (
    team TEXT NOT NULL,
    kind TEXT NOT NULL,
    whose TEXT NOT NULL,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (team, kind, whose)
);

-- How this recording is to be transcribed and shown: decided when it is looked at, so that it stays the same to its end.
ALTER TABLE jobs ADD COLUMN wanted TEXT;
-- Who asked for it, where it did not happen by itself, and who began this try, where it is not the first.
ALTER TABLE jobs ADD COLUMN requested_by TEXT;
ALTER TABLE jobs ADD COLUMN begun_by TEXT;
-- While it is done anew: with what the transcript was made that its thread still shows.
ALTER TABLE jobs ADD COLUMN shown_as TEXT;
-- When this try was begun, where it is not the first, and the length that earlier ones have spent in the same month.
ALTER TABLE jobs ADD COLUMN begun_at BIGINT;
ALTER TABLE jobs ADD COLUMN spent BIGINT NOT NULL DEFAULT 0;
-- The message that tells how far a long recording is.
ALTER TABLE jobs ADD COLUMN progress TEXT;

-- What somebody asked for counts for the month in which they did.
CREATE INDEX jobs_by_requester ON jobs (team, requested_by, created_at) WHERE requested_by IS NOT NULL;
CREATE INDEX jobs_begun ON jobs (team, begun_at) WHERE begun_at IS NOT NULL;
