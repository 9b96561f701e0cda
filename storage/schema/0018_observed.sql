-- For how long somebody was awake to see a job in its state, counted up to then: a clock that is set ends nothing.
ALTER TABLE jobs ADD COLUMN observed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN observed_until BIGINT;

-- Titles of recordings that ended without a transcript go after RETENTION_DAYS, too.
CREATE INDEX jobs_titled ON jobs (state_since) WHERE title IS NOT NULL AND state IN ('replied', 'abandoned');
