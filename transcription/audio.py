"""Convert a shared recording to the WAV format that every transcriber receives.

The conversion runs in a separate process with limits (`media_worker`). This module turns its answer, its crash or its
time-out into a value or an error of `errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import wave
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import assert_never

from transcription import remarks
from transcription.errors import NoSound, TooLong, TranscriptionError, Unavailable, UnsupportedAudio
from transcription.isolation import Crashed, Limits, Raised, Stopped, run
from transcription.media_worker import Refusal

_WORKER = "transcription.media_worker"
_DAY = timedelta(hours=24)
_LARGEST_WAV = 2**32 - 2**16
"""Maximum size in bytes: a WAV header stores the size in 32 bits."""

_HEADER = 2**16
"""Bytes; more than a WAV header takes."""

_MEMORY = 2**30
"""Limit of the address space in bytes.

Measured memory use: 45 MB; 130 MB with the index of a six-hour MP4; 340 MB for a day.
"""

_EXTRA_TIME = timedelta(minutes=2)
"""Extra time for a slow disk: enough for one gigabyte at 8 MB/s."""

_TIME_FACTOR = 1 / 25
"""Time allowed, as a fraction of the audio's length. Measured on two busy cores: 1/470 for 400 minutes of M4A. A
recording with several channels or tracks may be decoded twice."""

_UNITS = ((3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted:
    """The result of a conversion: `duration` is counted in decoded samples; `damaged` means that parts are missing."""

    duration: timedelta
    damaged: bool


async def convert(
    source: Path, target: Path, *, sample_rate: int = 16_000, longest: timedelta | None = None, stereo: bool = False
) -> Converted:
    """Decode the audio of `source`, whatever its format, and write it to `target` as WAV (PCM, 16-bit).

    The output is mono. With `stereo`, two channels are kept if the source has two or more.

    The name and the declared type of the source are ignored. `longest` limits the decoded audio; the default is 24
    hours, and a WAV holds at most 37 hours at 16 kHz. Memory use does not grow with the length. The target file appears
    only when it is complete, and no other file is left in its folder.

    Raises `UnsupportedAudio`, `TooLong`, or `Unavailable` if the fault is on this machine (for example a full disk).
    """
    most = min(longest or _DAY, timedelta(hours=_LARGEST_WAV // (2 * (1 + stereo) * sample_rate * 3600)))
    samples = int(most.total_seconds() * sample_rate)
    draft = target.with_name(f".{target.name}.part")
    paths = {"source": str(source), "target": str(draft)}
    request = {"sample_rate": sample_rate, "most": samples, "stereo": stereo, **paths}
    try:
        answer = await _ask(request, most=most, output=2 * samples * (1 + stereo) + _HEADER)
        converted = _converted(answer, sample_rate=sample_rate, most=most)
        await asyncio.to_thread(_keep, draft, target)
    finally:
        await asyncio.to_thread(_drop, draft)
    return converted


async def channels_of(wav: Path) -> int:
    """Return the number of channels of a WAV that `convert` wrote. Raises `Unavailable` if it cannot be read."""

    def look() -> int:
        with wave.open(str(wav), "rb") as opened:
            return opened.getnchannels()

    try:
        return await asyncio.to_thread(look)
    except (OSError, EOFError, wave.Error) as error:
        raise Unavailable(f"a conversion could not be read again: {type(error).__name__}") from None


async def _ask(request: dict[str, object], *, most: timedelta, output: int) -> dict[str, object]:
    limits = Limits(memory=_MEMORY, output=output, time=_EXTRA_TIME + most * _TIME_FACTOR)
    try:
        return await run(_WORKER, request, limits=limits)
    # Both come from outside the conversion's own error handling: a failed import, or a shutdown.
    except (Raised, Stopped) as error:
        raise Unavailable(str(error)) from None
    except Crashed as crash:
        raise UnsupportedAudio(str(crash), sentence=remarks.UNREADABLE) from None
    except OSError as error:
        raise Unavailable(f"no process for a conversion: errno {error.errno}") from None


def _converted(answer: dict[str, object], *, sample_rate: int, most: timedelta) -> Converted:
    match answer:
        case {"samples": int(samples), "damaged": bool(damaged)}:
            return Converted(duration=timedelta(seconds=samples / sample_rate), damaged=damaged)
        case _:
            raise _error(answer, most=most)


def _error(answer: dict[str, object], *, most: timedelta) -> TranscriptionError:
    refusal, because = Refusal(str(answer.get("refusal"))), answer.get("because")
    match refusal:
        case Refusal.UNREADABLE:
            return UnsupportedAudio(f"no readable recording: {because}", sentence=remarks.UNREADABLE)
        case Refusal.INCOMPLETE:
            return UnsupportedAudio(f"a recording that was cut off: {because}", sentence=remarks.INCOMPLETE)
        case Refusal.EMPTY:
            return UnsupportedAudio("an empty file", sentence=remarks.EMPTY)
        case Refusal.NO_SOUND:
            return NoSound("no sound in it", sentence=remarks.NO_SOUND)
        case Refusal.TOO_LONG:
            return TooLong(f"more than {most} of sound", sentence=remarks.too_long(_in_words(most)))
        case Refusal.NO_DISK:
            return Unavailable(f"the disk could not be read or written: {because}")
        case _:
            assert_never(refusal)


def _in_words(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    count, unit = next((seconds // size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _keep(draft: Path, target: Path) -> None:
    try:
        draft.replace(target)
    except OSError as error:
        raise Unavailable(f"a conversion could not be kept: errno {error.errno}") from None


def _drop(draft: Path) -> None:
    with contextlib.suppress(OSError):  # the job's folder may already be deleted, with everything in it
        draft.unlink(missing_ok=True)
