-- Where the app was installed through OAuth. Tokens are sealed with a key that is not in the database.
CREATE TABLE installations (
    -- The team, or the organisation that installed it in all of its teams.
    place TEXT PRIMARY KEY,
    enterprise TEXT,
    url TEXT NOT NULL,
    bot_user TEXT NOT NULL,
    bot_id TEXT,
    scopes TEXT NOT NULL,
    token TEXT NOT NULL,
    refresh_token TEXT,
    expires_at BIGINT,
    -- Who exchanges the token, and until when nobody else does: what it is exchanged for is given once.
    exchange TEXT,
    exchange_until BIGINT,
    installed_by TEXT NOT NULL,
    installed_at BIGINT NOT NULL
);

-- What a browser brings back from Slack, once: its digest only.
CREATE TABLE install_states (
    digest TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX install_states_by_age ON install_states (expires_at);

-- Of an organisation's files it is not always said whose team's they are.
CREATE INDEX jobs_by_file_of_organisation ON jobs (enterprise, file) WHERE enterprise IS NOT NULL;

-- The organisation of the team, as far as it was said: so that what was set goes where nothing was ever shared, too.
ALTER TABLE preferences ADD COLUMN enterprise TEXT;
