"""The offline engine as a transcriber, without network or account: Whisper if a model is installed, else pocketsphinx.

Each recording is processed by `engine.worker` in a separate process. The result is a file next to the recording, so
finished work survives a restart. Unfinished work is lost and submitted again, which costs only time.
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
from transcription.models.catalog import ENGLISH, GIB, WHISPER_LANGUAGES
from transcription.models.errors import ModelError
from transcription.models.store import UsableModel
from transcription.naming import language_name
from transcription.transcriber import Audio, Capabilities, Handle, Inquiry, Pending, PollSchedule, Submission, Ticket
from transcription.transcript import Transcript

_WORKER = "transcription.engine.worker"
_RESULT = "engine.json"

_MEMORY = 3 * 2**29
"""Limit of the address space in bytes for pocketsphinx (1.5 GiB).

Measured: 0.24 GiB for a minute, 0.33 GiB for half an hour; four hours, the maximum, need about twice that.
"""

_UNKNOWN_MEMORY = 8 * GIB
"""The same limit for a model that is not in the catalog."""


_OUTPUT = 16 * 2**20
"""Maximum size of the result in bytes: four hours of talk are well below one megabyte."""

_EXTRA_TIME = timedelta(minutes=5)
_TIME_FACTOR = 3
"""Time limit as a multiple of the recording's length. Measured: 0.2 on one free core."""

_SOONEST, _LATEST = timedelta(seconds=0.5), timedelta(seconds=5)
"""The time between two polls is proportional to the time already spent, within these limits."""


class Embedded:
    """A `transcriber.Transcriber` that works on this machine alone.

    `speakers` is the number of speakers, if it is known for every recording. `language` is used if the user chose none
    and the model cannot detect it. `model` is a Whisper model; without one, pocketsphinx is used, which knows only
    English. At most `processes` recordings are processed at once; the others are queued. Ticket and handle are both the
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
            patience_floor=timedelta(hours=12),  # other recordings may be queued in front
        ),
        stereo=True,
        longest=timedelta(hours=4),
        languages=frozenset({"en"}),
        offers=("en",),
        assumed="en",
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
                assumed="en" if known == ENGLISH else None,
            )
        self._slots = asyncio.Semaphore(processes)
        self._running: dict[Handle, asyncio.Task[None]] = {}
        self._failed: dict[Handle, str] = {}
        self._unusable: set[Appearance] = set()

    async def prepare(self, audio: Audio) -> Ticket:
        """Return the recording's folder as the ticket. Raises `Refused` for a language that the model does not know."""
        language = audio.hints.language or self._language
        if code_of(language) not in languages_of(await self._found()):
            sentence = remarks.not_understood(language_name(language), served_by=served_by(language))
            raise Refused("not a language of the model", sentence=sentence)
        return Ticket(str(audio.path.parent))

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Start or queue the engine for this recording, unless it is already running or finished."""
        handle = Handle(str(ticket))
        finished = await asyncio.to_thread(_read, handle) is not None
        # checked last: nothing may be awaited between this check and the start
        if not finished and handle not in self._running:
            self._failed.pop(handle, None)
            self._running[handle] = asyncio.create_task(self._work(audio, handle))
        return Submission(handle=handle, keeps_audio=True)

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Return the submission if the recording is running here or finished; `age` and `orphans` are not used."""
        del age, orphans
        handle = Handle(str(ticket))
        if handle in self._running or await asyncio.to_thread(_read, handle) is not None:
            return Submission(handle=handle, keeps_audio=True)
        return None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Read the result. Raises `Failed` if the engine gave up, and `Lost` if it is no longer running."""
        running = handle in self._running  # checked first: the task ends only after the result is written
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
        """Kill the engine's processes. Unfinished recordings are lost and can be submitted again."""
        running = list(self._running.values())
        self._running.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _found(self) -> UsableModel | None:
        """Return the verified model, or None for pocketsphinx.

        Raises `Unavailable` if the configured model cannot be used.
        """
        if self._model is None:
            return None
        try:
            found = await self._model.find()
        except ModelError as error:
            raise Unavailable(f"the model of the offline engine: {error}") from None
        if found is not None and await asyncio.to_thread(_appearance, found) in self._unusable:
            raise Unavailable(f"the model of the offline engine: {found.folder} cannot be opened")
        return found

    async def _work(self, audio: Audio, handle: Handle) -> None:
        try:
            async with self._slots:
                found = await self._found()
                answer = await run(_WORKER, self._request(audio, handle, found), limits=self._limits(audio, found))
            if found is not None and found.model is None and answer.get("opened") is False:
                # Only a model that nobody vouches for: one that was verified lacks memory, perhaps not for long.
                self._unusable.add(await asyncio.to_thread(_appearance, found))
        except (OSError, Stopped, Unavailable):
            pass  # the process could not start or was stopped; `check` then raises `Lost`
        except Crashed as crash:
            self._failed[handle] = str(crash)
        finally:
            self._running.pop(handle, None)

    def _request(self, audio: Audio, handle: Handle, found: UsableModel | None) -> dict[str, object]:
        speakers = audio.hints.speakers or (self._speakers and (self._speakers, self._speakers))
        request: dict[str, object] = {
            "audio": str(audio.path),
            "result": str(_result_path(handle)),
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
        time = _EXTRA_TIME + _TIME_FACTOR * audio.duration
        if found is None or self._model is None:
            return Limits(memory=_MEMORY, output=_OUTPUT, time=time)
        memory = found.model.address_space if found.model else _UNKNOWN_MEMORY
        return Limits(memory=memory, output=_OUTPUT, time=time, threads=self._model.threads)


Appearance = tuple[Path, int, int, int]
"""How a model's file looks: its path, inode, size and time. Another one may be usable where this one was not."""


def _appearance(found: UsableModel) -> Appearance:
    path = found.folder / "model.bin"
    try:
        seen = path.stat()
    except OSError:
        return path, 0, 0, 0
    return path, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _result_path(handle: Handle) -> Path:
    return Path(handle) / _RESULT


def _read(handle: Handle) -> Result | None:
    """Return the finished result, or None if there is no readable one: the engine can make it again."""
    try:
        return Result.model_validate_json(_result_path(handle).read_bytes())
    except (OSError, ValidationError):
        return None
