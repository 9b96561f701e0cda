"""Stand-ins for Slack and the transcription providers: real servers on loopback, for tests, benchmarks and the demo.

They are written from the vendors' documentation and share no code with the bot, so that a misunderstanding in the bot
cannot hide in its own test double.
"""
