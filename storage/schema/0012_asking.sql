-- The release before leaves these columns of a row as they were, whatever it does with the job: each has beside it, or in
-- it, what it is about, and is of no account where the row is about something else by now (storage/job_rows.py).

-- Where a job's handle came from: 'answer', the provider's own to our submission, or 'webhook', one that fits; and that
-- handle, after a space. A webhook that nothing confirms decides for the first kind only.
ALTER TABLE jobs ADD COLUMN handle_from TEXT;

-- Since when the tries of this step have failed, one after the other; and how many looks there had been: where there were
-- more since, there was an answer between.
ALTER TABLE jobs ADD COLUMN failing_since BIGINT;
ALTER TABLE jobs ADD COLUMN failing_looks INTEGER;

-- For how long the provider has been at work as far as anybody knows, and up to which moment that is counted: an outage,
-- of its or ours, does not count.
ALTER TABLE jobs ADD COLUMN waited BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN waited_until BIGINT;

-- What the provider says of its own work (JSON): type, amount, version, message, and of which try. For the operator.
ALTER TABLE jobs ADD COLUMN report TEXT;

-- Of what the release before has forgotten nothing that a provider said is left, either.
CREATE INDEX jobs_forgotten_with_report ON jobs (id) WHERE forgotten > 0 AND report IS NOT NULL;

-- What was found out about a provider that its pages leave open: a restarted bot goes on from there.
CREATE TABLE provider_facts (
    provider TEXT NOT NULL,
    fact TEXT NOT NULL,
    known TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (provider, fact)
);
