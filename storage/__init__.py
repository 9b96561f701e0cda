"""Remembers: every job, webhook and transcript, in one database."""
