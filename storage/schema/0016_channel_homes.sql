-- The one team under which the jobs of a channel are stored, where an organisation installed the app in all of its teams: a
-- channel can be in several of them, and Slack names any of them. The release before does not know it.
CREATE TABLE channel_homes (
    enterprise TEXT NOT NULL,
    channel TEXT NOT NULL,
    team TEXT NOT NULL,
    PRIMARY KEY (channel, enterprise)
);

CREATE INDEX channel_homes_by_team ON channel_homes (enterprise, team);

-- Of a channel from before this table, the oldest job says it.
CREATE INDEX jobs_by_channel_of_organisation ON jobs (enterprise, channel, created_at) WHERE enterprise IS NOT NULL;

-- A person of an organisation has the same settings in all of its teams.
CREATE INDEX preferences_of_people ON preferences (enterprise, whose) WHERE kind = 'person' AND enterprise IS NOT NULL;
