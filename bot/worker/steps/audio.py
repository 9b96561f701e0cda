"""Downloads a job's recording and converts it to the WAV that its transcriber takes; repeated where it is missing."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.slack.downloads import too_large
from bot.slack.errors import SlackUnavailable
from bot.slack.objects import SlackFile
from bot.worker.tools import Tools
from storage.job import Job
from transcription.audio import Converted, channels_of
from transcription.errors import Unavailable
from transcription.hints import Hints
from transcription.transcriber import Audio, Transcriber


@dataclass(frozen=True, kw_only=True, slots=True)
class Obtained:
    """A converted recording. `damaged`: parts of it could not be decoded."""

    audio: Audio
    damaged: bool


async def obtain(job: Job, tools: Tools, transcriber: Transcriber, *, file: SlackFile | None = None) -> Obtained:
    """Return the recording as WAV in the job's folder: left by an earlier try, or downloaded and converted.

    `file` saves a call to Slack. Raises what the download and the conversion raise, e.g. `NoSound`, and `OSError` if
    the disk has too little room.
    """
    room = await tools.spool.room(job.id)
    rate = transcriber.capabilities.sample_rate
    wav = room / f"audio-{rate}.wav"
    duration, damaged = job.duration, job.damaged
    if duration is None or not await asyncio.to_thread(wav.is_file):
        try:
            converted = await _fetch(job, tools, transcriber, wav=wav, file=file)
        except (OSError, Unavailable, SlackUnavailable):
            await tools.spool.clear(job.id)  # a job that waits for a retry must not use disk space
            raise
        duration, damaged = converted.duration, converted.damaged
    chosen = job.options
    hints = Hints(language=chosen.language, speakers=chosen.speakers, vocabulary=chosen.vocabulary or ())
    channels = await channels_of(wav) if transcriber.capabilities.stereo else 1
    audio = Audio(key=job.id, path=wav, duration=duration, sample_rate=rate, channels=channels, hints=hints)
    return Obtained(audio=audio, damaged=damaged)


async def _fetch(job: Job, tools: Tools, transcriber: Transcriber, *, wav: Path, file: SlackFile | None) -> Converted:
    described = file or await tools.workspace_of(job).file(job.origin.file)
    recording = await _download(job, described, wav.parent, tools)
    async with tools.conversions:
        capabilities = transcriber.capabilities
        longest = _longest(capabilities.longest, minutes=tools.settings.longest_recording)
        converted = await tools.convert(
            recording, wav, sample_rate=capabilities.sample_rate, longest=longest, stereo=capabilities.stereo
        )
    await asyncio.to_thread(recording.unlink)
    return converted


def _longest(takes: timedelta | None, *, minutes: int | None) -> timedelta | None:
    """Return the shorter of the transcriber's limit and the limit in the settings."""
    allowed = timedelta(minutes=minutes) if minutes is not None else None
    return min((limit for limit in (takes, allowed) if limit is not None), default=None)


async def _download(job: Job, file: SlackFile, room: Path, tools: Tools) -> Path:
    if file.address is None:
        raise Unavailable("the file has no address yet")
    largest = tools.settings.largest_file
    if file.size > largest:
        raise too_large(largest)
    if not await asyncio.to_thread(tools.spool.has_room, size=file.size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    recording = room / "recording"
    await tools.workspace_of(job).downloads.fetch(file.address, recording, largest=largest)
    return recording
