"""Two simulated providers with their transcribers: one that is polled by ticket, one that sends webhooks.

The first is like Botlhale: a second submission with the same ticket leads to the same job, and the ticket finds it. The
second is like Gowajee: a second submission is a second job, and only an unclaimed webhook of the same length reveals a
lost answer.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from tests.simulation.faults import Call
from tests.simulation.host import BrokenOff, Host, TooMany, TurnedDown, Unreached, Unreadable
from tests.simulation.virtual_time import VirtualTime
from transcription.errors import (
    BadSignature,
    Failed,
    Lost,
    Misunderstood,
    RateLimited,
    Refused,
    TicketExpired,
    TimedOut,
    Unavailable,
)
from transcription.transcriber import (
    Audio,
    Callback,
    Capabilities,
    Handle,
    Inquiry,
    Pending,
    PollSchedule,
    Submission,
    Ticket,
)
from transcription.transcript import Speaker, Transcript, Turn

T = TypeVar("T")

TICKET_LASTS = timedelta(hours=1)
UNKNOWN_FOR = timedelta(minutes=10)
"""How long after an upload the status may not know it."""

UNCERTAIN = timedelta(minutes=2)
"""The least time to wait for a webhook before a recording is taken for not sent."""

LIKENESS = 1.0
"""Seconds between the lengths of a recording here and at the provider."""

CAPABILITIES = Capabilities(
    poll_schedule=PollSchedule(
        first=1,
        every=0.25,
        soonest=timedelta(seconds=5),
        latest=timedelta(minutes=2),
        patience=4,
        patience_floor=timedelta(hours=1),
    )
)


def sound_of(number: int, *, seconds: float, long: bool) -> str:
    """What is in a recording: how long it is and what is said in it."""
    return json.dumps({"seconds": seconds, "words": f"spoken{number}x", "long": long})


def seconds_of(sound: str) -> float:
    """How long a recording is."""
    return float(json.loads(sound)["seconds"])


def transcript_of(sound: str) -> Transcript:
    """What a provider hears in it; a long one does not fit into one message."""
    said, length = json.loads(sound), timedelta(seconds=seconds_of(sound))
    text = f"This is {said['words']} speaking. "
    if said["long"]:
        text += "And so it went on and on, as meetings do. " * 300
    return Transcript(
        turns=(Turn(start=timedelta(0), end=length, text=text.strip(), speaker=Speaker(label="A")),), duration=length
    )


@dataclass(kw_only=True, slots=True)
class Work:
    """A recording at the provider. `ready_at` in virtual seconds; None when it never will be."""

    handle: str
    sound: str
    ready_at: float | None
    outcome: str = "done"


class Provider:
    """What the provider knows. `on_arrival` hears of every recording that truly arrived: the job and its generation."""

    def __init__(self, *, time: VirtualTime, rng: random.Random, name: str) -> None:
        self.time = time
        self.rng = rng
        self.name = name
        self.works: dict[str, Work] = {}
        self.on_arrival: Callable[[str, int], None] = lambda _job, _generation: None
        self.call_back: Callable[[Work], None] = lambda _: None
        self._numbers = itertools.count(1)

    def arrive(self, job: str, sound: str, *, generation: int, key: str | None = None) -> str:
        """Take a recording; under a `key` that is known it replaces the one before. Its handle."""
        self.on_arrival(job, generation)
        handle = key or f"{self.name}-{next(self._numbers)}"
        takes = self.rng.choice([0.0, 0.5, 1.0, 3.0]) * seconds_of(sound)
        work = self.works.setdefault(handle, Work(handle=handle, sound=sound, ready_at=self.time.now + takes))
        self.time.at(takes, lambda: self.call_back(work))
        return handle

    def work(self, handle: str) -> Work | None:
        """What became of a recording."""
        return self.works.get(handle)


class _Line:
    """One process's way to a provider."""

    title = "the provider"
    capabilities = CAPABILITIES

    def __init__(
        self, provider: Provider, host: Host, *, clock: Callable[[], datetime], on_send: Callable[[str], int]
    ) -> None:
        self.name = provider.name
        self._provider = provider
        self._host = host
        self._clock = clock
        self._on_send = on_send

    async def close(self) -> None:
        """Nothing is held."""

    async def _call(self, kind: Call, effect: Callable[[], T]) -> T:
        try:
            return await self._host.call(kind, effect, partner=self.name)
        except Unreached:
            raise Unavailable(f"{kind}: not reached") from None
        except TooMany as limit:
            raise RateLimited(f"{kind}: too many", retry_after=limit.retry_after) from None
        except TurnedDown:
            raise Refused(f"{kind}: refused", sentence="The provider does not take this recording.") from None
        except (TimeoutError, BrokenOff):
            raise TimedOut(f"{kind}: no answer") from None
        except Unreadable:
            # As the contract wants it: an answer to a sending that cannot be read leaves open whether it arrived.
            raise (TimedOut if kind is Call.SUBMIT else Misunderstood)(f"{kind}: unreadable") from None

    async def _answer(self, handle: Handle) -> Transcript | Pending | None:
        """What the status says; None when it does not know the work."""
        work = await self._call(Call.CHECK, lambda: self._provider.work(handle))
        if work is None or work.outcome == "lost":
            return None
        if work.outcome == "failed":
            raise Failed("it failed")
        if work.ready_at is None or work.ready_at > self._provider.time.now:
            return Pending()
        return transcript_of(work.sound)


class Asked(_Line):
    """The transcriber of a provider that is asked."""

    async def prepare(self, audio: Audio) -> Ticket:
        number = await self._call(Call.PREPARE, lambda: self._provider.rng.getrandbits(64))
        return Ticket(json.dumps({"key": f"{audio.key}-{number:x}", "made_at": self._clock().timestamp()}))

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        form = json.loads(ticket)
        if self._clock().timestamp() - form["made_at"] > TICKET_LASTS.total_seconds():
            raise TicketExpired("too old")
        sound = audio.path.read_text()
        generation, provider = self._on_send(audio.key), self._provider
        handle = await self._call(
            Call.SUBMIT, lambda: provider.arrive(audio.key, sound, generation=generation, key=form["key"])
        )
        return Submission(handle=Handle(handle))

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        del age, orphans
        key = json.loads(ticket)["key"]
        work = await self._call(Call.FIND, lambda: self._provider.work(key))
        return Submission(handle=Handle(key)) if work else None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        answer = await self._answer(handle)
        if answer is None and inquiry.age > UNKNOWN_FOR:
            raise Lost("unknown")
        return answer or Pending()


class CallingBack(_Line):
    """The transcriber of a provider that calls back."""

    async def prepare(self, audio: Audio) -> Ticket:
        return Ticket(json.dumps({"seconds": audio.duration.total_seconds()}))

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        del ticket
        sound = audio.path.read_text()
        generation, provider = self._on_send(audio.key), self._provider
        handle = await self._call(Call.SUBMIT, lambda: provider.arrive(audio.key, sound, generation=generation))
        return Submission(handle=Handle(handle))

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        seconds = float(json.loads(ticket)["seconds"])
        told = [json.loads(orphan) for orphan in orphans]
        alike = {str(body["handle"]) for body in told if abs(body["seconds"] - seconds) <= LIKENESS}
        if len(alike) == 1:
            return Submission(handle=Handle(alike.pop()))
        left = max(UNCERTAIN, 2 * timedelta(seconds=seconds)) - age
        if left > timedelta(0):
            raise Unavailable("a webhook may still tell", retry_after=min(left, timedelta(seconds=30)))
        return None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        answer = await self._answer(handle)
        if answer is None and inquiry.overdue:
            raise Failed("the status does not know it")
        if answer is None:
            return Pending()
        if isinstance(answer, Pending) and inquiry.notice is not None:
            return Pending(poll_after=min(max(inquiry.age / 60, timedelta(seconds=3)), timedelta(minutes=1)))
        return answer

    def authenticate(self, *, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        del headers
        if query.get("token") != "right":
            raise BadSignature("the wrong token")

    def admit(self, callback: Callback) -> Handle:
        return Handle(str(json.loads(callback.body)["handle"]))

    @property
    def can_be_asked(self) -> bool:
        return True

    @property
    def facts(self) -> Mapping[str, str]:
        return {}

    def recall(self, facts: Mapping[str, str]) -> None:
        del facts


def webhook_about(work: Work) -> bytes:
    """The body of a webhook."""
    return json.dumps({"handle": work.handle, "seconds": seconds_of(work.sound)}).encode()
