-- Since when a request whose answer nobody has may be on its way: until it has landed, no look can rule it out.
ALTER TABLE jobs ADD COLUMN under_way_since BIGINT;

-- How often something outside was looked for in vain: a clock that is wrong must not make it lost before its time.
ALTER TABLE jobs ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;

-- What happened to a job, a line of JSON for each: [when, the state it came to, a note]. It is written with the change
-- itself, where a table of its own cost a statement more; job_history holds what earlier releases wrote.
ALTER TABLE jobs ADD COLUMN history TEXT NOT NULL DEFAULT '';
