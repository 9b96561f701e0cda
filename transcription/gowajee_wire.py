"""What Gowajee's bodies say: the readers behind `transcription.gowajee`. Pure.

Source of the wire format: the vendor's pages "Asynchronous API (Webhook Notification)", "Checking Job Status",
"Diarization" and "Multichannel". Times are seconds. A webhook and a status answer carry the same `output`; a
successful webhook has no `status`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from transcription.errors import Failed, Misunderstood, TicketExpired
from transcription.transcriber import Handle
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.wire import Moment, Wire, Words, known, milliseconds, read_as

LIKENESS = timedelta(seconds=1)
"""How far Gowajee's length of a recording may be from ours."""

Id = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$"), AfterValidator(Handle)]
Length = Annotated[float, Field(allow_inf_nan=False, ge=0, le=10**9)]


class _Item(Wire):
    transcript: Words | None
    start_time: Moment = Field(alias="startTime")
    end_time: Moment = Field(alias="endTime")
    speaker: str | None = None
    channel: Annotated[int, Field(ge=0, le=10**6)] | None = None


class _Output(Wire):
    results: list[_Item] | None = None
    duration: Length | None = None


class _Message(Wire):
    """A webhook or a status answer."""

    status: str | None = None
    job_id: Id | None = Field(None, alias="jobId")
    output: _Output | None = None


class Envelope(Wire):
    """Whom a message is about, whatever else it says."""

    job_id: Id = Field(alias="jobId")
    webhook_id: str | None = Field(None, alias="webhookId")
    status: str | None = None

    @property
    def handle(self) -> Handle:
        """The job."""
        return Handle(self.job_id)


def read_envelope(body: bytes, *, what: str) -> Envelope:
    """Read whom a message is about. Raises `Misunderstood`."""
    return read_as(Envelope, body, what=what)


def read_accepted(body: bytes) -> Handle:
    """Read the immediate answer. Raises `Failed`, or `Misunderstood` where no job can be read from it."""
    envelope = read_envelope(body, what="the immediate answer")
    if _word(envelope.status).startswith(FAILURES):
        raise Failed("the immediate answer says that the transcription failed")
    return envelope.handle


def read_notice(body: bytes) -> Transcript:
    """Read a webhook. Raises `Failed`, or `Misunderstood` where it says both success and failure, or neither."""
    message = read_as(_Message, body, what="the webhook")
    failed = _word(message.status).startswith(FAILURES)
    match message.output:
        case _Output(results=list()) as output if not failed:
            return _transcript(output)
        case _Output(results=list()):
            raise Misunderstood("the webhook says both success and failure", body=body)
        case _ if failed:
            raise Failed("the webhook says that the transcription failed")
        case _:
            raise Misunderstood("the webhook says neither success nor failure", body=body)


Standing = Transcript | Literal["pending", "failed", "absent"]
"""What the status knows; `absent` is its own word UNKNOWN."""

FAILURES = ("FAIL", "ERROR", "CANCEL", "TIMED")
"""How words begin that end a job without a result; a word that nobody documented means that the work goes on."""


def read_status(body: bytes, *, handle: Handle) -> Standing:
    """Read a status answer. Raises `Misunderstood`, also for one that is about another job."""
    message = read_as(_Message, body, what="the status")
    if message.job_id not in {None, handle}:
        raise Misunderstood("the status is about another job", body=body)
    match _word(message.status):
        case "COMPLETED":
            if message.output is None or message.output.results is None:
                raise Misunderstood("the status says COMPLETED without results", body=body)
            return _transcript(message.output)
        case "UNKNOWN":
            return "absent"
        case word:
            return "failed" if word.startswith(FAILURES) else "pending"


def _word(status: str | None) -> str:
    return (status or "").strip().upper()


def _transcript(output: _Output) -> Transcript:
    turns = [_turn(item) for item in output.results or ()]
    end = max((turn.end for turn in turns), default=timedelta(0))
    duration = max(end, timedelta(0)) if output.duration is None else milliseconds(output.duration * 1000)
    return Transcript(turns=in_order(turns, duration=duration), duration=duration)


def _turn(item: _Item) -> Turn:
    return Turn(
        start=milliseconds(item.start_time * 1000),
        end=milliseconds(item.end_time * 1000),
        text=item.transcript or "",
        speaker=_speaker(item),
    )


def _speaker(item: _Item) -> Speaker | None:
    """Tell the voice: Gowajee's index, a name that the operator gave with a reference voice, or a channel."""
    label = known(item.speaker)
    if label is not None:
        return Speaker(label=label, name=None if re.fullmatch(r"(?i)speaker_\d+", label) else label)
    if item.channel is not None:
        return Speaker(label=f"channel-{item.channel}", name=f"Channel {item.channel + 1}")
    return None


class Plan(Wire):
    """What the ticket keeps: the length in seconds, by which a lost job is known again, and how it will be sent."""

    seconds: Length
    way: Literal["inline", "multipart", "hosted"]

    @property
    def length(self) -> timedelta:
        """The recording's length as we measured it."""
        return milliseconds(self.seconds * 1000)


def read_ticket(ticket: str) -> Plan:
    """Read a ticket of ours. Raises `TicketExpired` for one that cannot be read."""
    try:
        return read_as(Plan, ticket, what="the ticket")
    except Misunderstood:
        raise TicketExpired("the ticket cannot be read") from None


def claimed(orphan: bytes, *, webhook_id: str, length: timedelta) -> Handle | None:
    """Tell which job a webhook without a known job is about, if it is ours and as long as our recording."""
    try:
        envelope = read_envelope(orphan, what="the webhook")
        output = read_as(_Message, orphan, what="the webhook").output
    except Misunderstood:
        return None
    if envelope.webhook_id != webhook_id or output is None or output.results is None or output.duration is None:
        return None
    alike = abs(milliseconds(output.duration * 1000) - length) <= LIKENESS
    return envelope.handle if alike else None
