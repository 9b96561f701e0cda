"""Hints: the transcription options of one recording, in addition to the provider's configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_SPEAKERS = 20
MOST_WORDS = 200
"""Maximum number of words or phrases of a vocabulary."""

LONGEST_VOCABULARY = 2_900
"""Maximum UTF-16 units of a whole vocabulary, one entry on a line: a field of Slack's forms takes 3,000."""


def fits_a_form(vocabulary: Iterable[str]) -> bool:
    """Return whether a vocabulary is not more than people can be shown in a form to change it."""
    entries = list(vocabulary)
    return len(entries) <= MOST_WORDS and len("\n".join(entries).encode("utf-16-le")) // 2 <= LONGEST_VOCABULARY


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
