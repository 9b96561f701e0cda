-- When somebody last heard Slack: what was shared since is looked for by whoever hears it next.
CREATE TABLE presence (
    place TEXT PRIMARY KEY,
    heard_at BIGINT NOT NULL
);
