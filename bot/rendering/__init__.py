"""Turns a transcript into what Slack shows: messages, blocks, progress, names of files. Pure."""
