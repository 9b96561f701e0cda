"""Understands: turns a recording into a `Transcript`, whoever does the work.

To add a provider: one file with a class that keeps the promises of `transcriber.Transcriber` (and of
`transcriber.CallsBack` if it sends webhooks), its settings and one line in `bot.catalog`, and the contract suite in
`tests/transcription` passing against a stand-in of it in `sandbox`.
"""
