"""What is asked of a transcriber for one recording, beyond how it is set up. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SPEAKERS = 20
MOST_WORDS = 200
"""Words or phrases of a vocabulary."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """None, or nothing in it, leaves it to how the transcriber is set up; what it cannot do it leaves out.

    `language` is a code as the transcriber writes it. `speakers` are the fewest and the most that speak, the same
    number twice where it is known. `vocabulary`: words and phrases to expect.
    """

    language: str | None = None
    speakers: tuple[int, int] | None = None
    vocabulary: tuple[str, ...] = ()

    @property
    def exactly(self) -> int | None:
        """The number of speakers, if it is known."""
        return self.speakers[0] if self.speakers and self.speakers[0] == self.speakers[1] else None


NO_HINTS = Hints()
