-- What Slack said was deleted: the event about a message or a file may come after the one about its deletion, since Slack
-- repeats for a day what was not acknowledged. `channel` is empty for a file, `item` is a message's timestamp or a file's id.
CREATE TABLE deletions (
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    item TEXT NOT NULL,
    enterprise TEXT,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (team, channel, item)
);

CREATE INDEX deletions_by_enterprise ON deletions (enterprise, item) WHERE enterprise IS NOT NULL;
CREATE INDEX deletions_by_time ON deletions (deleted_at);

-- The id of the file that nobody has begun to share. The release before does not write it: of its files nobody can say.
ALTER TABLE exports ADD COLUMN unshared TEXT;
