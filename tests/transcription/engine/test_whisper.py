"""What Whisper is told about a chunk, and what is taken of its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


@pytest.mark.parametrize(
    ("probability", "language", "unsure"),
    [(0.99, "nl", False), (0.7, "nl", False), (0.69, "af", True), (0.02, "af", True)],
)
def test_a_language_that_is_not_certain_gives_way_to_the_installations(
    probability: float, language: str, *, unsure: bool
) -> None:
    whisper = pytest.importorskip("transcription.engine.whisper", reason="faster-whisper is not installed")
    assert whisper.believed("nl", probability, otherwise="af") == (language, unsure)


@dataclass(frozen=True)
class Piece:
    """What matters of a segment here."""

    start: float
    end: float


PIECES = (Piece(0, 9.5), Piece(9.5, 19.7), Piece(19.7, 27))


@pytest.mark.parametrize(("end", "asked"), [(27.1, 3), (30, 3), (19.8, 2), (20.0, 3), (12, 2), (9.6, 1), (3, 1)])
def test_behind_the_last_phrase_nothing_more_is_transcribed(end: float, asked: int) -> None:
    """Whisper takes a window of half a minute for a pause of a second, and writes something that nobody said."""
    whisper = pytest.importorskip("transcription.engine.whisper", reason="faster-whisper is not installed")
    begun: list[Piece] = []

    def transcribed() -> Iterator[Piece]:
        for piece in PIECES:
            begun.append(piece)
            yield piece

    assert list(whisper.spoken(transcribed(), end=end)) == list(PIECES[:asked])
    assert begun == list(PIECES[:asked])


WORDS = "so we went on and on "


@pytest.mark.parametrize(
    ("text", "endless"),
    [
        (WORDS * 4, True),
        (f"{WORDS * 4}.", True),
        (f"well, {WORDS * 4}", True),
        (WORDS * 3, False),
        (f"{WORDS * 3}, {WORDS * 3}, {WORDS * 3}", False),
        (f"{WORDS * 2}. {WORDS * 4}", False),
        (f"{WORDS * 4}? {WORDS}", False),
        ("", False),
    ],
)
def test_what_would_be_read_without_a_breath_is_heard_once_more(text: str, *, endless: bool) -> None:
    whisper = pytest.importorskip("transcription.engine.whisper", reason="faster-whisper is not installed")
    assert whisper.is_endless(text) is endless
