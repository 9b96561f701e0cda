-- What was said, turn by turn, as people look for it (storage/matching.py). The id grows with the time of the transcript.
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES transcripts (job_id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    text TEXT NOT NULL,
    grams TEXT NOT NULL
);

CREATE INDEX passages_by_job ON passages (job_id);

-- Which passages have a gram: no positions and no lengths, since the text itself says whether it is found.
CREATE VIRTUAL TABLE passages_index USING fts5 (
    grams, content = 'passages', content_rowid = 'id', tokenize = 'ascii', detail = 'none', columnsize = 0
);

CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO passages_index (rowid, grams) VALUES (new.id, new.grams);
END;

-- What was removed since the index was last merged: until then its older parts have the grams of it.
CREATE TABLE passages_left (id INTEGER PRIMARY KEY);

CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passages_index (passages_index, rowid, grams) VALUES ('delete', old.id, old.grams);
    INSERT INTO passages_left (id) VALUES (NULL);
END;
