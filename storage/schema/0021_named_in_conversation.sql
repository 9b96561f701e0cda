-- Which names were given in a conversation: its recordings with names, newest first, however many have none.
CREATE INDEX jobs_named ON jobs (team, channel, created_at) WHERE naming > 0;
