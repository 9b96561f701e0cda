"""The offline engine as a transcriber: no network, no account, English only, for trying the app out.

Each recording is worked on by `engine.worker` in a process of its own. The result is a file beside the recording, so
that a restart finds what was finished; what was not is lost and sent again, which costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from transcription import remarks
from transcription.errors import Failed, Lost, Refused
from transcription.isolation import Crashed, Limits, Stopped, run
from transcription.transcriber import Audio, Capabilities, Handle, Inquiry, Pace, Pending, Submission, Ticket
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.wire import Words

_WORKER = "transcription.engine.worker"
_RESULT = "engine.json"

_MEMORY = 3 * 2**29
"""Bytes of address space (1.5 GiB). Measured: 0.24 GiB for a minute, 0.33 for half an hour; four hours, the longest,
need about twice that."""

_OUTPUT = 16 * 2**20
"""Bytes of the result: four hours of talk are well below one megabyte."""

_PATIENCE = timedelta(minutes=5)
_SLOWEST = 3
"""Times the recording's length. Measured: 0.2 on one free core."""

_SOONEST, _LATEST = timedelta(seconds=0.5), timedelta(seconds=5)
"""Looks come in proportion to the time already spent, between these."""

_Milliseconds = Annotated[int, Field(ge=0, le=10**10)]
"""The engine has read untrusted sound: its numbers are bounded like a provider's."""


class _Turn(BaseModel):
    """As `engine.worker` writes it."""

    voice: Annotated[int, Field(ge=0, le=10**6)]
    start: _Milliseconds
    end: _Milliseconds
    text: Words


class _Result(BaseModel):
    milliseconds: _Milliseconds
    turns: list[_Turn]


class Embedded:
    """Keeps the promises of `transcriber.Transcriber` on this machine alone.

    `speakers` is how many people speak, if that is known of every recording. `language` is what they speak: only
    English is taken, anything else is refused. At most `processes` recordings are worked on at once, the others wait.
    Ticket and handle are both the folder of the recording.
    """

    name = "embedded"
    title = "the offline engine"
    capabilities = Capabilities(
        pace=Pace(
            first=0.15,
            every=0.05,
            soonest=timedelta(seconds=1),
            latest=timedelta(seconds=10),
            patience=20,
            patience_floor=timedelta(hours=12),  # others may be in front
        ),
        longest=timedelta(hours=4),
        languages=frozenset({"en"}),
        offers=("en",),
        place=remarks.STAYS_HERE,
        speaker_hints=True,
        sendings=5,
    )

    def __init__(self, *, speakers: int | None = None, language: str = "en", processes: int = 1) -> None:
        self._speakers = speakers
        self._language = language
        self._slots = asyncio.Semaphore(processes)
        self._running: dict[Handle, asyncio.Task[None]] = {}
        self._failed: dict[Handle, str] = {}

    async def prepare(self, audio: Audio) -> Ticket:
        """Name the recording's folder. Raises `Refused` for any language but English."""
        language = audio.wishes.language or self._language
        if not language.casefold().startswith("en"):
            raise Refused("the language is not English", sentence=remarks.ENGLISH_ONLY)
        return Ticket(str(audio.path.parent))

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Start the engine, or let it wait for its turn; what runs or is finished is not begun again."""
        handle = Handle(str(ticket))
        finished = await asyncio.to_thread(_read, handle) is not None
        if not finished and handle not in self._running:  # asked last: nothing comes between the question and the start
            self._failed.pop(handle, None)
            self._running[handle] = asyncio.create_task(self._work(audio, handle))
        return Submission(handle=handle, keeps_audio=True)

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Tell whether the recording is in work here or finished; neither depends on `age` or `orphans`."""
        del age, orphans
        handle = Handle(str(ticket))
        if handle in self._running or await asyncio.to_thread(_read, handle) is not None:
            return Submission(handle=handle, keeps_audio=True)
        return None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Look for the result. Raises `Failed` where the engine gave up, `Lost` where nobody works on it any more."""
        running = handle in self._running  # asked first: it ends only after the result is there
        result = await asyncio.to_thread(_read, handle)
        if result is not None:
            return _transcript(result)
        if running:
            return Pending(look_after=min(max(inquiry.age / 10, _SOONEST), _LATEST))
        if handle in self._failed:
            raise Failed(self._failed[handle])
        raise Lost("the offline engine was interrupted")

    async def close(self) -> None:
        """Kill the engine's processes; unfinished recordings are lost and can be sent again."""
        running = list(self._running.values())
        self._running.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _work(self, audio: Audio, handle: Handle) -> None:
        speakers = audio.wishes.speakers or (self._speakers and (self._speakers, self._speakers))
        request = {"audio": str(audio.path), "result": str(_place(handle)), "speakers": speakers}
        limits = Limits(memory=_MEMORY, output=_OUTPUT, time=_PATIENCE + _SLOWEST * audio.duration)
        try:
            async with self._slots:
                await run(_WORKER, request, limits=limits)
        except (OSError, Stopped):
            pass  # no process to be had, or it was taken away: nobody works on it, which is what `Lost` says
        except Crashed as crash:
            self._failed[handle] = str(crash)
        finally:
            self._running.pop(handle, None)


def _place(handle: Handle) -> Path:
    return Path(handle) / _RESULT


def _read(handle: Handle) -> _Result | None:
    """Return the finished result; one that cannot be read is none, as the engine can make it again."""
    try:
        return _Result.model_validate_json(_place(handle).read_bytes())
    except (OSError, ValidationError):
        return None


def _transcript(result: _Result) -> Transcript:
    duration = timedelta(milliseconds=result.milliseconds)
    turns = [
        Turn(
            start=timedelta(milliseconds=turn.start),
            end=timedelta(milliseconds=turn.end),
            text=turn.text,
            speaker=Speaker(label=f"voice_{turn.voice + 1}"),
            language="en",
        )
        for turn in result.turns
    ]
    return Transcript(turns=in_order(turns, duration=duration), duration=duration, note=remarks.A_TRIAL)
