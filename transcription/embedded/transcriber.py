"""The offline engine as a transcriber: no network, no account. Whisper where a model is here, else pocketsphinx.

Each recording is worked on by `engine.worker` in a process of its own. The result is a file beside the recording, so
that a restart finds what was finished; what was not is lost and sent again, which costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from transcription import remarks
from transcription.embedded.languages import OFFERED, code_of, languages_of, served_by
from transcription.embedded.local_model import LocalModel
from transcription.embedded.result import Result, is_invention, transcript_of
from transcription.errors import Failed, Lost, Refused, Unavailable
from transcription.isolation import Crashed, Limits, Stopped, run
from transcription.models.catalog import GIB, WHISPER_LANGUAGES
from transcription.models.errors import ModelError
from transcription.models.store import UsableModel
from transcription.naming import language_name
from transcription.transcriber import Audio, Capabilities, Handle, Inquiry, Pending, PollSchedule, Submission, Ticket
from transcription.transcript import Transcript

_WORKER = "transcription.engine.worker"
_RESULT = "engine.json"

_MEMORY = 3 * 2**29
"""Bytes of address space for pocketsphinx (1.5 GiB). Measured: 0.24 GiB for a minute, 0.33 for half an hour; four
hours, the longest, need about twice that."""

_UNKNOWN_MEMORY = 8 * GIB
"""The same for a model that nobody knows."""


_OUTPUT = 16 * 2**20
"""Bytes of the result: four hours of talk are well below one megabyte."""

_PATIENCE = timedelta(minutes=5)
_SLOWEST = 3
"""Times the recording's length. Measured: 0.2 on one free core."""

_SOONEST, _LATEST = timedelta(seconds=0.5), timedelta(seconds=5)
"""Looks come in proportion to the time already spent, between these."""


class Embedded:
    """Keeps the promises of `transcriber.Transcriber` on this machine alone.

    `speakers` is how many people speak, if that is known of every recording. `language` is what they speak where nobody
    chose another and the model cannot tell. `model` is Whisper's; without one it is pocketsphinx, which understands
    English. At most `processes` recordings are worked on at once, the others wait. Ticket and handle are both the
    folder of the recording.
    """

    name = "embedded"
    title = "the offline engine"
    capabilities = Capabilities(
        poll_schedule=PollSchedule(
            first=0.15,
            every=0.05,
            soonest=timedelta(seconds=1),
            latest=timedelta(seconds=10),
            patience=20,
            patience_floor=timedelta(hours=12),  # others may be in front
        ),
        stereo=True,
        longest=timedelta(hours=4),
        languages=frozenset({"en"}),
        offers=("en",),
        place=remarks.STAYS_HERE,
        speaker_hints=True,
        sendings=5,
    )

    def __init__(
        self, *, speakers: int | None = None, language: str = "en", processes: int = 1, model: LocalModel | None = None
    ) -> None:
        self._speakers = speakers
        self._language = language
        self._model = model
        likely = model.likely() if model else None
        if likely is not None or (model is not None and model.is_a_folder):
            known = likely.languages if likely else WHISPER_LANGUAGES
            self.capabilities = replace(
                self.capabilities,
                model=likely.name if likely else "",
                languages=known,
                offers=tuple(sorted(known & OFFERED)),
            )
        self._slots = asyncio.Semaphore(processes)
        self._running: dict[Handle, asyncio.Task[None]] = {}
        self._failed: dict[Handle, str] = {}

    async def prepare(self, audio: Audio) -> Ticket:
        """Name the recording's folder. Raises `Refused` for a language that the model does not understand."""
        language = audio.hints.language or self._language
        if code_of(language) not in languages_of(await self._found()):
            sentence = remarks.not_understood(language_name(language), served_by=served_by(language))
            raise Refused("not a language of the model", sentence=sentence)
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
            if is_invention(result):
                raise Refused("the model doubts what it heard", sentence=remarks.UNKNOWN_LANGUAGE)
            return transcript_of(result)
        if running:
            return Pending(poll_after=min(max(inquiry.age / 10, _SOONEST), _LATEST))
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

    async def _found(self) -> UsableModel | None:
        """The model, verified; None: pocketsphinx. Raises `Unavailable` where the one that was named cannot be used."""
        if self._model is None:
            return None
        try:
            return await self._model.find()
        except ModelError as error:
            raise Unavailable(f"the model of the offline engine: {error}") from None

    async def _work(self, audio: Audio, handle: Handle) -> None:
        try:
            async with self._slots:
                found = await self._found()
                await run(_WORKER, self._request(audio, handle, found), limits=self._limits(audio, found))
        except (OSError, Stopped, Unavailable):
            pass  # no process to be had, or it was taken away: nobody works on it, which is what `Lost` says
        except Crashed as crash:
            self._failed[handle] = str(crash)
        finally:
            self._running.pop(handle, None)

    def _request(self, audio: Audio, handle: Handle, found: UsableModel | None) -> dict[str, object]:
        speakers = audio.hints.speakers or (self._speakers and (self._speakers, self._speakers))
        request: dict[str, object] = {
            "audio": str(audio.path),
            "result": str(_place(handle)),
            "speakers": speakers,
            "model": None,
        }
        if found is None or self._model is None:
            return request
        wished = audio.hints.language
        return request | {
            "model": {
                "folder": str(found.folder),
                "name": found.name or "",
                "threads": self._model.threads,
                "language": code_of(wished) if wished else None,
                "otherwise": code_of(self._language),
            }
        }

    def _limits(self, audio: Audio, found: UsableModel | None) -> Limits:
        time = _PATIENCE + _SLOWEST * audio.duration
        if found is None or self._model is None:
            return Limits(memory=_MEMORY, output=_OUTPUT, time=time)
        memory = found.model.address_space if found.model else _UNKNOWN_MEMORY
        return Limits(memory=memory, output=_OUTPUT, time=time, threads=self._model.threads)


def _place(handle: Handle) -> Path:
    return Path(handle) / _RESULT


def _read(handle: Handle) -> Result | None:
    """Return the finished result; one that cannot be read is none, as the engine can make it again."""
    try:
        return Result.model_validate_json(_place(handle).read_bytes())
    except (OSError, ValidationError):
        return None
