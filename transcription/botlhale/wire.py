"""Parsers for Botlhale's status and result answers, used by `botlhale.transcriber`. Pure.

The documented API versions differ in shape but not in meaning, so each parser accepts all of them: the 2023 pages (B1
and B2, `data[]`, `speaker_0`) and the 2025 pages (B3, a flat status, `SPEAKER_00`). Segment times are in milliseconds,
`audio_length` is in seconds. Answers that name another recording are ignored.
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
from transcription.bounds import refuse_too_many, refuse_too_much
from transcription.errors import Failed, Misunderstood
from transcription.transcriber import Pending
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.wire import Moment, OrNone, Seconds, Text, Wire, known, milliseconds, read_as, span_of

DONE = frozenset({"complete", "completed", "done", "success"})
FAILED = frozenset({"cancelled", "canceled", "expired", "rejected"})
WORKING = ("running", "process", "in progress", "in_progress", "transcrib", "diariz", "recogni")
"""Prefixes of status words that show that the recording has arrived. Only `running` is documented."""

ABSENT = frozenset({"", "unknown", "not found", "not_found", "notfound"})
"""Status words for an unknown name. What Botlhale really answers in that case is not documented."""

LONGEST_WORD = 40
"""Maximum number of characters of an undocumented status word that are logged."""


class _Segment(Wire):
    start: Moment
    end: OrNone[Moment] = None
    transcription: Text | None
    speaker: OrNone[str] = None
    language: OrNone[str] = None


class _Result(Wire):
    """A result. In B1 also the status answer."""

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
"""If one recording has several entries, the phase that is last in this list wins.

A recording that was uploaded twice is done once one entry is done.
"""


def phase_of(word: str | None) -> Phase:
    """Map a status word to a phase. An undocumented word counts as "pending"."""
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
    """The parsed status answer; in B1 it also contains the transcript.

    `odd_word` is an undocumented status word, made safe for a log.
    """

    phase: Phase
    transcript: Transcript | None = None
    odd_word: str | None = None


def read_status(body: bytes, *, file_name: str, length: timedelta | None = None) -> JobStatus:
    """Parse a status answer of any API version. `length` is the duration that we measured.

    Raises `Misunderstood`, and `AnswerTooLarge` for a transcript that is larger than the recording can have.
    """
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
    """Return the status with the most decisive phase; among equal ones, the newest."""
    by_age = sorted(entries, key=lambda entry: (entry.id or 0, entry.process_time or ""), reverse=True)
    standings = [_standing(entry.status, named=True) for entry in by_age]
    return max(standings, key=lambda standing: DECISIVE.index(standing.phase), default=JobStatus(phase="absent"))


def _is_about(file_name: str, answer: _Result) -> bool:
    return all(is_ours(name, file_name=file_name) for name in (answer.process, answer.filename))


def _standing(word: str | None, *, named: bool) -> JobStatus:
    """Return the status for a word. An entry without a word still shows that its name is known ("pending")."""
    phase = phase_of(word)
    odd = "".join(character for character in (word or "").strip() if character.isprintable())[:LONGEST_WORD]
    return JobStatus(
        phase="pending" if named and phase == "absent" else phase, odd_word=odd if phase == "pending" and odd else None
    )


def read_result(body: bytes, *, file_name: str, length: timedelta | None = None) -> Transcript | Pending:
    """Parse a result. `length` is the duration that we measured.

    Return `Pending` if the result has no segments field yet, says that it is not done, or is about another recording.
    An empty list of segments means no speech. Raises `Failed` if the result says so, and `Misunderstood` if it is not a
    JSON object or none of its segments can be read, and `AnswerTooLarge` if it is larger than the recording can have.
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
    refuse_too_many(given, length=length)
    segments = sorted((segment for segment in given if segment), key=lambda segment: segment.start)
    if given and not segments:
        raise Misunderstood("no segment of the result is as documented", body=body)
    turns = [_turn(segment, following) for segment, following in zip_longest(segments, segments[1:])]
    refuse_too_much(turns, length=length)
    stated = milliseconds(result.audio_length * 1000) if result.audio_length else None
    spoken = [max(turn.start, turn.end) for turn in turns if turn.text.strip()]
    span = span_of(max(spoken, default=timedelta(0)), measured=length, stated=stated)
    wrong = remarks.TIMES_ARE_WRONG if spoken and not span.fits else None
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
