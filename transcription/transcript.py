"""What a transcription is worth keeping: who spoke, when, and what was said. Pure values, no I/O.

Every provider's answer becomes a `Transcript`; storage keeps it, rendering and exports show it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """One voice of one recording.

    `label` is the provider's own word (`speaker_0`, `SPEAKER_01`): it tells voices of this recording apart and
    means nothing elsewhere. `name` is set only where a person or a channel number is known.
    """

    label: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One speaker, uninterrupted. `start` and `end` count from the beginning of the recording.

    `speaker` is None where the provider could not tell: two such turns are never taken for one person.
    `confidence` is between 0 and 1 where the provider tells it.
    """

    start: timedelta
    end: timedelta
    text: str
    speaker: Speaker | None = None
    language: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a provider says of its own work, in its own words: for the operator, and nothing is decided by it.

    `amount` is what it says that it counted; no page tells its unit. `message` is a third party's text.
    """

    kind: str | None = None
    amount: float | None = None
    version: str | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """The whole recording in turns, sorted by start; no turns means that no speech was found.

    `note` is a remark for the reader that holds for the whole transcript (a draft engine, a damaged recording).
    `report` is kept with the job, not with the transcript.
    """

    turns: tuple[Turn, ...]
    duration: timedelta
    note: str | None = None
    report: Report | None = None

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """The known speakers by first appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages by first appearance, as the provider writes them."""
        return tuple(dict.fromkeys(turn.language for turn in self.turns if turn.language))


def remarked(transcript: Transcript, remark: str) -> Transcript:
    """The transcript with one more remark."""
    return replace(transcript, note=" ".join(filter(None, [transcript.note, remark])))


def in_order(turns: Iterable[Turn], *, duration: timedelta) -> tuple[Turn, ...]:
    """Sort turns by start then end, clamp them into the recording, and drop the empty ones."""
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
