"""The running bot: it receives Slack events, works on transcription jobs, and replies in threads."""
