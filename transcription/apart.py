"""Do work on large texts in a process of its own: parsing an answer, writing a file. Small texts stay in this process.

A JSON parser holds the interpreter until it is done, in a thread too, so 40 megabytes would hold up all events for
seconds. In a process they hold up nobody, and its memory and its time are bounded (`transcription.isolation`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from transcription.errors import AnswerTooLarge, Failed, Misunderstood, TranscriptionError, Unavailable
from transcription.isolation import Crashed, Limits, Stopped, run_with_bytes
from transcription.passing import joined, result_of, turns_in
from transcription.transcript import Report

LARGE = 256 * 2**10
"""Bytes from which an answer is parsed in a process; a smaller one holds up the event loop for 30 milliseconds."""

_READER = "transcription.reading_worker"
_AT_ONCE = 2
_OUTPUT = 2**20
_TIME = timedelta(minutes=10)
"""As a Word document a transcript of 400 minutes takes five to ten seconds, and one of 40,000 turns some minutes."""

_MEMORY = 2**30
_READING, _READING_A_BYTE = 256 * 2**20, 8
"""Bytes of memory to read an answer, and for each byte of it; of a transcript that is twice as much as it takes."""

_Read = TypeVar("_Read")
Known = str | timedelta | list[str] | None


class Apart:
    """Runs processes, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def do(
        self, module: str, request: Mapping[str, object], payload: bytes, *, memory: int = _MEMORY
    ) -> tuple[dict[str, object], bytes]:
        """Run `module` with this request (see `isolation.run_with_bytes`), in so many bytes of memory.

        Raises `Crashed` if it died, and `Unavailable` if it could not start or was stopped from outside.
        """
        limits = Limits(memory=memory, output=_OUTPUT, time=_TIME)
        async with self._turns:
            try:
                return await run_with_bytes(module, request, payload, limits=limits)
            except Stopped as stopped:
                raise Unavailable(str(stopped)) from None
            except OSError as error:
                raise Unavailable(f"no process for a large text: errno {error.errno}") from None

    async def read(self, read: Callable[..., _Read], body: bytes, **known: str | timedelta | list[str] | None) -> _Read:
        """Return `read(body, **known)`, in a process if the body is large. `read` is on the top level of its module.

        Raises what `read` raises, and `Misunderstood` if the process died of the body.
        """
        if len(body) < LARGE:
            return read(body, **known)
        name = f"{read.__module__}:{read.__qualname__}"
        request, memory = {"read": name, "known": _sendable(known)}, _READING + _READING_A_BYTE * len(body)
        try:
            answer, turns = await self.do(_READER, request, body, memory=memory)
        except Crashed as crash:
            raise Misunderstood(f"a large answer could not be read: {type(crash).__name__}", body=body) from None
        if "result" not in answer:
            raise _error(answer)
        value: _Read = _adapter(read).validate_json(str(answer["result"]))
        return joined(value, await turns_in(turns)) if turns else value


@lru_cache(maxsize=16)
def _adapter(read: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(result_of(read))


def _sendable(known: Mapping[str, Known]) -> dict[str, object]:
    return {
        name: {"seconds": value.total_seconds()} if isinstance(value, timedelta) else value
        for name, value in known.items()
    }


def _error(answer: Mapping[str, object]) -> TranscriptionError:
    message = str(answer.get("message"))
    match answer:
        case {"error": "AnswerTooLarge"}:
            return AnswerTooLarge(message)
        case {"error": "Failed", "report": dict(report)}:
            return Failed(message, report=Report(**report))
        case {"error": "Failed"}:
            return Failed(message)
        case _:
            return Misunderstood(message)
