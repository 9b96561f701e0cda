-- Since when a request whose answer nobody has may be on its way: until it has landed, no look can rule it out.
ALTER TABLE jobs ADD COLUMN under_way_since BIGINT;

-- How often something outside was looked for in vain: a clock that is wrong must not make it lost before its time.
ALTER TABLE jobs ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
