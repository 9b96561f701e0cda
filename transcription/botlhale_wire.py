"""What Botlhale says about a recording: the readers behind `transcription.botlhale`. Pure.

The documented generations differ in shape and share their meaning, so every reader takes all of them: the 2023
pages (B1 and B2, `data[]`, `speaker_0`) and the 2025 pages (B3, a flat status, `SPEAKER_00`). Segment times are
milliseconds, `audio_length` is seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from transcription import remarks
from transcription.errors import Failed
from transcription.transcriber import Pending
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.wire import LeadingNumber, Moment, Wire, Words, known, milliseconds, read_as

DONE = frozenset({"complete", "completed", "done", "success"})
FAILED = frozenset({"cancelled", "canceled", "expired", "rejected"})
WORKING = ("running", "process", "in progress", "in_progress", "transcrib", "diariz", "recogni")
"""How a word begins that shows that the recording is there. Only `running` is documented."""

ABSENT = frozenset({"", "unknown", "not found", "not_found", "notfound"})
"""A status that says nothing is known of the name. What Botlhale really says there is not documented."""

SUSPICIOUS = 0.01
"""A last turn that ends in the first hundredth of the recording: the times are likely seconds, not milliseconds."""


class _Segment(Wire):
    start: Moment
    end: Moment
    transcription: Words | None
    speaker: str | None = None
    language: str | None = None


class _Result(Wire):
    """A result; in B1 the status answer, too."""

    status: str | None = None
    audio_length: LeadingNumber = None
    timestamps: list[_Segment] | None = None


class _Entry(Wire):
    process: str | None = None
    status: str | None = None


class _StatusAnswer(_Result):
    data: list[_Entry] | None = None


Phase = Literal["absent", "pending", "working", "done", "failed"]


def phase_of(word: str | None) -> Phase:
    """Sort a status word; one that nobody documented means that the work goes on."""
    text = (word or "").strip().lower()
    if text in ABSENT:
        return "absent"
    if text in DONE:
        return "done"
    if text in FAILED or text.startswith(("fail", "error")):
        return "failed"
    return "working" if text.startswith(WORKING) else "pending"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What the status answer says; in B1 it carries the transcript."""

    phase: Phase
    transcript: Transcript | None = None


def read_status(body: bytes, *, file_name: str) -> Standing:
    """Read a status answer in any of its shapes. Raises `Misunderstood`."""
    answer = read_as(_StatusAnswer, body, what="the status")
    if answer.data is not None:
        entry = _entry_for(file_name, answer.data)
        # An entry without a word still shows that the name is known.
        phase = phase_of(entry.status) if entry else "absent"
        return Standing(phase="pending" if entry and phase == "absent" else phase)
    phase = phase_of(answer.status)
    found = _transcript(answer.timestamps, answer.audio_length) if phase == "done" and answer.timestamps else None
    return Standing(phase=phase, transcript=found)


def _entry_for(file_name: str, entries: list[_Entry]) -> _Entry | None:
    bare = file_name.rsplit("/", 1)[-1]
    named = [entry for entry in entries if (entry.process or "").endswith(bare)]
    if named:
        return named[0]
    return entries[0] if len(entries) == 1 else None


def read_result(body: bytes) -> Transcript | Pending:
    """Read a result. One without turns yet, or that says it is not done, is pending; an empty list is no speech.

    Raises `Failed` where it says so and `Misunderstood` for anything but a JSON object.
    """
    if not body.strip():
        return Pending()
    result = read_as(_Result, body, what="the result")
    match phase_of(result.status) if result.status is not None else "done":
        case "failed":
            raise Failed("the result says that the transcription failed")
        case "done" if result.timestamps is not None:
            return _transcript(result.timestamps, result.audio_length)
        case _:
            return Pending()


def _transcript(segments: list[_Segment], audio_length: float | None) -> Transcript:
    end = max((milliseconds(segment.end) for segment in segments), default=timedelta(0))
    duration = milliseconds(audio_length * 1000) if audio_length else max(end, timedelta(0))
    suspect = bool(segments) and end < duration * SUSPICIOUS
    turns = in_order(map(_turn, segments), duration=duration)
    return Transcript(turns=turns, duration=duration, note=remarks.TIMES_LOOK_WRONG if suspect else None)


def _turn(segment: _Segment) -> Turn:
    label = known(segment.speaker)
    return Turn(
        start=milliseconds(segment.start),
        end=milliseconds(segment.end),
        text=segment.transcription or "",
        speaker=Speaker(label=label) if label else None,
        language=(segment.language or "").strip() or None,
    )
