"""What Botlhale says about a recording: the readers behind `transcription.botlhale.transcriber`. Pure.

The documented generations differ in shape and share their meaning, so every reader takes all of them: the 2023
pages (B1 and B2, `data[]`, `speaker_0`) and the 2025 pages (B3, a flat status, `SPEAKER_00`). Segment times are
milliseconds, `audio_length` is seconds. What names another recording says nothing about ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import zip_longest
from typing import Final, Literal

from pydantic import Field

from transcription import remarks
from transcription.botlhale.file_names import is_ours
from transcription.errors import Failed, Misunderstood
from transcription.transcriber import Pending
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.wire import Moment, OrNone, Seconds, Text, Wire, known, milliseconds, read_as, span_of

DONE = frozenset({"complete", "completed", "done", "success"})
FAILED = frozenset({"cancelled", "canceled", "expired", "rejected"})
WORKING = ("running", "process", "in progress", "in_progress", "transcrib", "diariz", "recogni")
"""How a word begins that shows that the recording is there. Only `running` is documented."""

ABSENT = frozenset({"", "unknown", "not found", "not_found", "notfound"})
"""A status that says nothing is known of the name. What Botlhale really says there is not documented."""

LONGEST_WORD = 40
"""Characters that are told of a status word which nobody documented."""


class _Segment(Wire):
    start: Moment
    end: OrNone[Moment] = None
    transcription: Text | None
    speaker: OrNone[str] = None
    language: OrNone[str] = None


class _Result(Wire):
    """A result; in B1 the status answer, too."""

    filename: str | None = None
    process: str | None = None
    status: str | None = None
    audio_length: Seconds = None
    timestamps: list[OrNone[_Segment]] | None = None


class _Entry(Wire):
    process: str | None = None
    status: str | None = None
    id: OrNone[int] = None
    process_time: OrNone[str] = Field(None, alias="processTime")


class _StatusAnswer(_Result):
    data: list[OrNone[_Entry]] | None = None


Phase = Literal["absent", "pending", "working", "done", "failed"]

DECISIVE: Final[tuple[Phase, ...]] = ("absent", "failed", "pending", "working", "done")
"""Which of several entries of one recording decides, the last first: one that came twice is there once it is done."""


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
class JobStatus:
    """What the status answer says; in B1 it carries the transcript.

    `odd_word` is a status word that nobody documented, fit for a log.
    """

    phase: Phase
    transcript: Transcript | None = None
    odd_word: str | None = None


def read_status(body: bytes, *, file_name: str, length: timedelta | None = None) -> JobStatus:
    """Read a status answer in any of its shapes; `length` is our measure of the recording. Raises `Misunderstood`."""
    answer = read_as(_StatusAnswer, body, what="the status")
    if answer.data is not None:
        return _decisive([entry for entry in answer.data if entry and is_ours(entry.process, file_name=file_name)])
    if not _is_about(file_name, answer):
        return JobStatus(phase="absent")
    standing = _standing(answer.status, named=False)
    if standing.phase != "done" or not answer.timestamps:
        return standing
    return replace(standing, transcript=_transcript(answer, body=body, length=length))


def _decisive(entries: Sequence[_Entry]) -> JobStatus:
    """Give the best of several standings of one recording; among equals the newest."""
    by_age = sorted(entries, key=lambda entry: (entry.id or 0, entry.process_time or ""), reverse=True)
    standings = [_standing(entry.status, named=True) for entry in by_age]
    return max(standings, key=lambda standing: DECISIVE.index(standing.phase), default=JobStatus(phase="absent"))


def _is_about(file_name: str, answer: _Result) -> bool:
    return all(is_ours(name, file_name=file_name) for name in (answer.process, answer.filename))


def _standing(word: str | None, *, named: bool) -> JobStatus:
    """Say where a recording stands; an entry without a word still shows that its name is known."""
    phase = phase_of(word)
    odd = "".join(character for character in (word or "").strip() if character.isprintable())[:LONGEST_WORD]
    return JobStatus(
        phase="pending" if named and phase == "absent" else phase, odd_word=odd if phase == "pending" and odd else None
    )


def read_result(body: bytes, *, file_name: str, length: timedelta | None = None) -> Transcript | Pending:
    """Read a result; `length` is our measure of the recording.

    One without turns yet, that says it is not done, or that is another recording's, is pending; an empty list is no
    speech. Raises `Failed` where it says so, and `Misunderstood` for anything but a JSON object with segments of which
    one at least can be read.
    """
    if not body.strip():
        return Pending()
    result = read_as(_Result, body, what="the result")
    if not _is_about(file_name, result):
        return Pending()
    match phase_of(result.status) if result.status is not None else "done":
        case "failed":
            raise Failed("the result says that the transcription failed")
        case "done" if result.timestamps is not None:
            return _transcript(result, body=body, length=length)
        case _:
            return Pending()


def _transcript(result: _Result, *, body: bytes, length: timedelta | None) -> Transcript:
    given = result.timestamps or []
    segments = sorted((segment for segment in given if segment), key=lambda segment: segment.start)
    if given and not segments:
        raise Misunderstood("no segment of the result is as documented", body=body)
    turns = [_turn(segment, following) for segment, following in zip_longest(segments, segments[1:])]
    stated = milliseconds(result.audio_length * 1000) if result.audio_length else None
    spoken = [max(turn.start, turn.end) for turn in turns if turn.text.strip()]
    span = span_of(max(spoken, default=timedelta(0)), measured=length, stated=stated)
    wrong = remarks.TIMES_LOOK_WRONG if spoken and not span.fits else None
    lacking = remarks.PARTS_ARE_MISSING if len(segments) < len(given) else None
    note = " ".join(remark for remark in (wrong, lacking) if remark)
    return Transcript(turns=in_order(turns, duration=span.length), duration=span.length, note=note or None)


def _turn(segment: _Segment, following: _Segment | None) -> Turn:
    label = known(segment.speaker)
    end = segment.end if segment.end is not None else following.start if following else segment.start
    return Turn(
        start=milliseconds(segment.start),
        end=milliseconds(end),
        text=segment.transcription or "",
        speaker=Speaker(label=label) if label else None,
        language=(segment.language or "").strip() or None,
    )
