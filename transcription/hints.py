"""Hints: the transcription options of one recording, in addition to the provider's configuration. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SPEAKERS = 20
MOST_WORDS = 200
"""Maximum number of words or phrases of a vocabulary."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """Hints for one recording. A field that is None or empty leaves the choice to the transcriber's configuration.

    A transcriber ignores hints that it does not support. `language` is a code as the transcriber writes it. `speakers`
    is the minimum and the maximum number, equal if the number is known. `vocabulary`: words and phrases to expect.
    """

    language: str | None = None
    speakers: tuple[int, int] | None = None
    vocabulary: tuple[str, ...] = ()

    @property
    def exactly(self) -> int | None:
        """Return the number of speakers if it is known exactly, else None."""
        return self.speakers[0] if self.speakers and self.speakers[0] == self.speakers[1] else None


NO_HINTS = Hints()
