-- How often in a row a step of this job outlived its lease: such a step ends some day. The release before does not count.
ALTER TABLE jobs ADD COLUMN leases_lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN losing_since BIGINT;

-- Bytes of a webhook that was larger than anything about its recording can be: of such a body only the beginning is kept.
ALTER TABLE inbox ADD COLUMN cut_from BIGINT;
