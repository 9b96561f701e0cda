"""Storage of jobs, webhooks, transcripts, settings and installations in one database (SQLite or PostgreSQL)."""
