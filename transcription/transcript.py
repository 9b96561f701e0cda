"""The result of a transcription: who spoke, when, and what was said. Pure values without I/O.

Every provider's answer becomes a `Transcript`; it is stored, rendered and exported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """One voice of one recording.

    `label` is the provider's own label (`speaker_0`, `SPEAKER_01`). It distinguishes the voices of this recording and
    has no meaning elsewhere. `name` is set only if a person or a channel number is known.
    """

    label: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """The uninterrupted words of one speaker. `start` and `end` count from the beginning of the recording.

    `speaker` is None if the provider could not tell; two such turns are never treated as one person. `confidence` is
    between 0 and 1, or None.
    """

    start: timedelta
    end: timedelta
    text: str
    speaker: Speaker | None = None
    language: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a provider reports about its own work, in its own words. For the operator only: nothing is decided by it.

    `amount` is a number that it counted, in an undocumented unit. `message` is third-party text.
    """

    kind: str | None = None
    amount: float | None = None
    version: str | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """The whole recording in turns, sorted by start. No turns means that no speech was found.

    `note` is a remark for readers about the whole transcript (a draft engine, a damaged recording). `report` is stored
    with the job and not with the transcript.
    """

    turns: tuple[Turn, ...]
    duration: timedelta
    note: str | None = None
    report: Report | None = None

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """Return the known speakers by first appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker))

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages by first appearance, as the provider writes them."""
        return tuple(dict.fromkeys(turn.language for turn in self.turns if turn.language))


def remarked(transcript: Transcript, remark: str) -> Transcript:
    """Return the transcript with one more remark in its note."""
    return replace(transcript, note=" ".join(filter(None, [transcript.note, remark])))


def in_order(turns: Iterable[Turn], *, duration: timedelta) -> tuple[Turn, ...]:
    """Sort turns by start and end, clip them to the recording, and drop the empty ones."""
    zero = timedelta(0)
    kept = [
        Turn(
            start=(start := min(max(turn.start, zero), duration)),
            end=min(max(turn.end, start), duration),
            text=turn.text.strip(),
            speaker=turn.speaker,
            language=turn.language,
            confidence=turn.confidence,
        )
        for turn in turns
        if turn.text.strip()
    ]
    return tuple(sorted(kept, key=lambda turn: (turn.start, turn.end)))
