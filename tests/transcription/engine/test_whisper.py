"""What Whisper is told about a chunk."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("seconds", "language", "tokens"),
    [(0, "en", 24), (10, "en", 144), (28, "cs", 360), (10, "th", None), (10, "am", None), (10, "zu", None)],
)
def test_a_chunk_may_have_so_many_tokens_where_the_rate_of_speech_is_known(
    seconds: int, language: str, tokens: int | None
) -> None:
    """Speech has three to seven a second; where a script needs more of them, nobody's words are cut off."""
    whisper = pytest.importorskip("transcription.engine.whisper", reason="faster-whisper is not installed")
    assert whisper.token_limit(seconds * 16_000, language=language) == tokens
