"""Renders what Slack shows of a transcript: messages, blocks, progress, file names. Pure."""
