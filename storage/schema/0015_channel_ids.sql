-- The id that a job's conversation had before Slack changed it: until it is checked again whether anything may leave it.
ALTER TABLE jobs ADD COLUMN channel_was TEXT;
