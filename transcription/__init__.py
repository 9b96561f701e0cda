"""Speech-to-text: turn a recording into a `Transcript` with one of several providers.

To add a provider, write a folder with `transcriber.py` and `wire.py`; docs/adding-a-provider.md is the checklist.
"""
