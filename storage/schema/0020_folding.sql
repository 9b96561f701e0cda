-- Whether a workspace takes messages with a folded part, as it answered last: 1 or 0, NULL while that is not known. The
-- release before does not read it.
CREATE TABLE folding (
    team TEXT PRIMARY KEY,
    taken INTEGER,
    asked_at BIGINT NOT NULL
);
