"""Speech-to-text: turn a recording into a `Transcript` with one of several providers.

To add a provider, write one module with a class that implements `transcriber.Transcriber` (and `transcriber.CallsBack`
if it sends webhooks), its settings, and one line in `bot.catalog`. Add a stand-in of the provider to `sandbox` and make
the contract tests in `tests/transcription` pass against it.
"""
