-- When a conversation was last told that a recording waits for somebody to mend something: once an hour is enough.
CREATE TABLE notices (
    team TEXT NOT NULL,
    channel TEXT NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (team, channel)
);
