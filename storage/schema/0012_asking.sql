-- Where a job's handle came from: 'answer', the provider's own to our submission, or 'webhook', one that fits. A webhook
-- that nothing confirms decides for the first kind only.
ALTER TABLE jobs ADD COLUMN handle_from TEXT;

-- Since when the tries of this step have failed, one after the other.
ALTER TABLE jobs ADD COLUMN failing_since BIGINT;

-- For how long the provider has been at work as far as anybody knows, and up to which moment that is counted: an outage,
-- of its or ours, does not count.
ALTER TABLE jobs ADD COLUMN waited BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN waited_until BIGINT;

-- What the provider says of its own work (JSON): type, amount, version, message. For the operator.
ALTER TABLE jobs ADD COLUMN report TEXT;

-- What was found out about a provider that its pages leave open: a restarted bot goes on from there.
CREATE TABLE provider_facts (
    provider TEXT NOT NULL,
    fact TEXT NOT NULL,
    known TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (provider, fact)
);
