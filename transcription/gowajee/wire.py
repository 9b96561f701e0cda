"""Parsers for Gowajee's answers and webhooks, used by `transcription.gowajee.transcriber`. Pure.

Source of the wire format: the vendor's pages "Asynchronous API (Webhook Notification)", "Checking Job Status",
"Diarization" and "Multichannel". Times are in seconds. A webhook and a status answer carry the same `output`; a
successful webhook has no `status`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from transcription import remarks
from transcription.bounds import refuse_too_many, refuse_too_much
from transcription.errors import EVIDENCE, Failed, Misunderstood, TicketExpired
from transcription.transcriber import Handle
from transcription.transcript import Report, Speaker, Transcript, Turn, in_order
from transcription.wire import (
    Moment,
    OrNone,
    Seconds,
    Text,
    Wire,
    finite,
    known,
    milliseconds,
    printable_line,
    read_as,
    span_of,
)

LIKENESS = timedelta(seconds=1)
"""The maximum difference between Gowajee's duration of a recording and ours."""

MESSAGE = 500
"""Maximum characters of a text for the operator."""

Id = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$"), AfterValidator(Handle)]
Length = Annotated[float, Field(allow_inf_nan=False, ge=0, le=10**9)]
Said = Annotated[str | None, BeforeValidator(lambda value: printable_line(value, most=MESSAGE))]
Amount = Annotated[float | None, BeforeValidator(finite)]


class _Item(Wire):
    transcript: Text | None
    start_time: Moment = Field(alias="startTime")
    end_time: OrNone[Moment] = Field(None, alias="endTime")
    speaker: OrNone[str] = None
    channel: Annotated[int, Field(ge=0, le=10**6)] | None = None


class _Output(Wire):
    results: list[OrNone[_Item]] | None = None
    duration: Seconds = None
    version: Said = None


class _Message(Wire):
    """A webhook or a status answer."""

    status: str | None = None
    job_id: Id | None = Field(None, alias="jobId")
    output: _Output | None = None
    kind: Said = Field(None, alias="type")
    amount: Amount = None
    message: Said = None

    @property
    def word(self) -> str:
        """Return the status in capital letters; "" if there is none."""
        return _word(self.status)

    @property
    def has_results(self) -> bool:
        """Return whether there is an output with a list of results."""
        return self.output is not None and self.output.results is not None

    @property
    def report(self) -> Report | None:
        """Return what the message says about Gowajee's own work; None if it says nothing."""
        version = self.output.version if self.output else None
        report = Report(kind=self.kind, amount=self.amount, version=version, message=self.message)
        return None if report == Report() else report


class Envelope(Wire):
    """The ids in a message: which job and which webhook registration it is about."""

    job_id: Id = Field(alias="jobId")
    webhook_id: str | None = Field(None, alias="webhookId")
    status: str | None = None

    @property
    def handle(self) -> Handle:
        """Return the job's handle."""
        return Handle(self.job_id)


_JOB, _WEBHOOK = (
    re.compile(rb'"%s"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,200})"' % name) for name in (b"jobId", b"webhookId")
)


def read_envelope(body: bytes, *, what: str) -> Envelope:
    """Parse the ids of a message. Raises `Misunderstood`."""
    return read_as(Envelope, body, what=what)


def ids_around(body: bytes) -> Envelope:
    """Return the ids of a large message without parsing it: they stand before or behind its results.

    Raises `Misunderstood` if the first and the last `EVIDENCE` bytes do not name exactly one job.
    """
    ends = body[:EVIDENCE] + body[max(len(body) - EVIDENCE, EVIDENCE) :]
    jobs, webhooks = ({found.decode() for found in pattern.findall(ends)} for pattern in (_JOB, _WEBHOOK))
    if len(jobs) != 1 or len(webhooks) > 1:
        raise Misunderstood("the webhook does not name one job", body=body)
    return Envelope(jobId=jobs.pop(), webhookId=webhooks.pop() if webhooks else None)


def read_accepted(body: bytes) -> Handle:
    """Parse the immediate answer to a submission. Raises `Failed`, or `Misunderstood` if it names no job."""
    envelope = read_envelope(body, what="the immediate answer")
    if _word(envelope.status).startswith(FAILURES):
        raise Failed("the immediate answer says that the transcription failed")
    return envelope.handle


def read_notice(body: bytes, *, length: timedelta | None = None, handle: str | None = None) -> Transcript:
    """Parse a webhook about the job `handle`. `length` is the duration that we measured.

    Raises `Failed`, `Misunderstood` if it says both success and failure, or neither, and `AnswerTooLarge` if it is
    larger than the recording can have.
    """
    message = read_as(_Message, body, what="the webhook")
    if handle is not None and message.job_id not in {None, handle}:
        raise Misunderstood("the webhook is about another job", body=body)
    failed = message.word.startswith(FAILURES)
    if failed and message.has_results:
        raise Misunderstood("the webhook says both success and failure", body=body)
    if failed:
        raise Failed("the webhook says that the transcription failed", report=message.report)
    if not message.has_results or (message.word and message.word not in DONE):
        raise Misunderstood("the webhook says neither success nor failure", body=body)
    return _transcript(message, body=body, length=length)


def report_in(body: bytes) -> Report | None:
    """Return what a webhook says about Gowajee's own work; None if it cannot be parsed."""
    try:
        return read_as(_Message, body, what="the webhook").report
    except Misunderstood:
        return None


GowajeeStatus = Transcript | Literal["pending", "failed", "absent"]
"""The outcome of a status call; `absent` is Gowajee's status UNKNOWN."""

FAILURES = ("FAIL", "ERROR", "CANCEL", "TIMED")
"""Prefixes of status words for a failed job. An undocumented word means that the work goes on."""

DONE = frozenset({"COMPLETED", "COMPLETE", "DONE", "FINISHED", "SUCCESS", "SUCCEEDED"})
"""Status words for an available result. Only the first is documented; a successful webhook carries no status."""


def read_status(body: bytes, *, handle: str, length: timedelta | None = None) -> GowajeeStatus:
    """Parse a status answer, also one in the format of a webhook. `length` is the duration that we measured.

    Raises `Misunderstood` if it says nothing, says "done" without a result, or is about another job, and
    `AnswerTooLarge` if it is larger than the recording can have.
    """
    message = read_as(_Message, body, what="the status")
    if message.job_id not in {None, handle}:
        raise Misunderstood("the status is about another job", body=body)
    word = message.word
    if word.startswith(FAILURES):
        return "failed"
    if word == "UNKNOWN":
        return "absent"
    if word and word not in DONE:
        return "pending"
    if not message.has_results:
        raise Misunderstood("the status has no results and says no word of work", body=body)
    return _transcript(message, body=body, length=length)


def _word(status: str | None) -> str:
    return (status or "").strip().upper()


def _transcript(message: _Message, *, body: bytes, length: timedelta | None) -> Transcript:
    output = message.output or _Output()
    given = output.results or []
    refuse_too_many(given, length=length)
    items = [item for item in given if item]
    if given and not items:
        raise Misunderstood("no result is as documented", body=body)
    turns = [_turn(item) for item in items]
    refuse_too_much(turns, length=length)
    spoken = [max(turn.start, turn.end) for turn in turns if turn.text.strip()]
    stated = None if output.duration is None else milliseconds(output.duration * 1000)
    last = max(spoken, default=timedelta(0))
    span = span_of(last, measured=length, stated=stated)
    # Little speech in a long recording is no sign of a wrong unit: times in a unit smaller than seconds would reach
    # beyond the end.
    wrong = remarks.TIMES_ARE_WRONG if not span.fits and last == span.length else None
    lacking = remarks.PARTS_ARE_MISSING if len(items) < len(given) else None
    note = " ".join(remark for remark in (wrong, lacking) if remark)
    ordered = in_order(turns, duration=span.length)
    return Transcript(turns=ordered, duration=span.length, note=note or None, report=message.report)


def _turn(item: _Item) -> Turn:
    return Turn(
        start=milliseconds(item.start_time * 1000),
        end=milliseconds((item.start_time if item.end_time is None else item.end_time) * 1000),
        text=item.transcript or "",
        speaker=_speaker(item),
    )


def _speaker(item: _Item) -> Speaker | None:
    """Return the speaker: Gowajee's index, the name of a voice sample, or the channel."""
    label = known(item.speaker)
    if label is not None:
        return Speaker(label=label, name=None if re.fullmatch(r"(?i)speaker_\d+", label) else label)
    if item.channel is not None:
        return Speaker(label=f"channel-{item.channel}", name=f"Channel {item.channel + 1}")
    return None


class Plan(Wire):
    """The content of a ticket: the length in seconds, by which a lost job can be recognised, and the way of sending."""

    seconds: Length
    way: Literal["inline", "multipart", "hosted"]

    @property
    def length(self) -> timedelta:
        """Return the recording's length as we measured it."""
        return milliseconds(self.seconds * 1000)


def read_ticket(ticket: str) -> Plan:
    """Parse a ticket of ours. Raises `TicketExpired` if it cannot be read."""
    try:
        return read_as(Plan, ticket, what="the ticket")
    except Misunderstood:
        raise TicketExpired("the ticket cannot be read") from None


def claimed(orphan: bytes, *, webhook_ids: Collection[str], length: timedelta) -> Handle | None:
    """Return the job that an unclaimed webhook is about, if it can be this recording's.

    The webhook must be for one of our registrations and have the length of our recording.
    """
    try:
        envelope = read_envelope(orphan, what="the webhook")
        message = read_as(_Message, orphan, what="the webhook")
    except Misunderstood:
        return None
    output = message.output
    if envelope.webhook_id not in webhook_ids or output is None or not message.has_results or output.duration is None:
        return None
    return envelope.handle if are_alike(milliseconds(output.duration * 1000), length) else None


def are_alike(said: timedelta, measured: timedelta) -> bool:
    """Return whether a duration from Gowajee can be that of our recording."""
    return abs(said - measured) <= LIKENESS
