"""Transcribes one recording of the command line, and shows on standard error how far it is."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.cli.transcript_files import NamedRecording
from bot.clock import wall_time
from bot.worker.polling import first_poll, next_poll
from handlers import words
from transcription.audio import channels_of, convert
from transcription.errors import Refused
from transcription.transcriber import Audio, CallsBack, Handle, Inquiry, Pending, Submission, Transcriber
from transcription.transcript import Transcript, remarked

ONLY_BY_WEBHOOK = (
    "{title} sends results to its webhook only, and this command has none: nothing was sent. "
    "Share the recording in Slack, where the bot takes the webhook."
)


async def transcribe_recording(
    recording: NamedRecording, transcriber: Transcriber, *, key: str, label: str
) -> Transcript:
    """Return the transcript, with the remark that Slack's has where parts of the recording are missing.

    `key` is the unique name of the job; `label` stands before the progress. Raises `TranscriptionError`, and `OSError`
    if standard input cannot be stored.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadscribe-")))
        progress = stack.enter_context(_progress())
        task = progress.add_task(f"{label}decoding", total=None)
        audio, damaged = await _decoded(await _source(recording, folder), transcriber, key=key, folder=folder)
        await _refuse_without_answers(transcriber)
        title, schedule = transcriber.title, transcriber.capabilities.poll_schedule
        progress.update(task, description=f"{label}sending to {title}")
        submission = await transcriber.submit(audio, await transcriber.prepare(audio))
        expected = max(schedule.first * audio.duration.total_seconds() * 4, 5)
        progress.update(task, description=f"{label}{title} is listening", total=expected)
        transcript = await _wait(
            transcriber,
            submission,
            audio.duration,
            tick=lambda age: progress.update(task, completed=age.total_seconds()),
        )
    return remarked(transcript, words.DAMAGED) if damaged else transcript


async def _source(recording: NamedRecording, folder: Path) -> Path:
    """Return the path of the recording. Standard input is stored in `folder`. Raises `OSError`."""
    if not recording.is_stdin:
        return Path(recording.source)
    stored = folder / "stdin"
    await asyncio.to_thread(_store_stdin, stored)
    return stored


def _store_stdin(target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)


async def _decoded(source: Path, transcriber: Transcriber, *, key: str, folder: Path) -> tuple[Audio, bool]:
    """Return the audio to send, stored in `folder`, and whether parts of the recording are missing in it."""
    wav, needs = folder / "audio.wav", transcriber.capabilities
    converted = await convert(source, wav, sample_rate=needs.sample_rate, longest=needs.longest, stereo=needs.stereo)
    audio = Audio(
        key=key, path=wav, duration=converted.duration, sample_rate=needs.sample_rate, channels=await channels_of(wav)
    )
    return audio, converted.damaged


async def _refuse_without_answers(transcriber: Transcriber) -> None:
    """Check, before anything is sent and billed, that the provider can be polled: no webhook reaches us here."""
    if not isinstance(transcriber, CallsBack):
        return
    await transcriber.check(Handle("threadscribe-transcribe"), Inquiry(age=timedelta(0)))
    if not transcriber.can_be_asked:
        raise Refused("results come by webhook only", sentence=ONLY_BY_WEBHOOK.format(title=transcriber.title))


async def _wait(
    transcriber: Transcriber, submission: Submission, duration: timedelta, *, tick: Callable[[timedelta], None]
) -> Transcript:
    started, pace = wall_time(), transcriber.capabilities.poll_schedule
    wait = first_poll(pace, duration)
    while True:
        until = wall_time() + wait
        while wall_time() < until:
            await asyncio.sleep(min(0.2, wait.total_seconds()))
            tick(wall_time() - started)
        answer = await transcriber.check(submission.handle, Inquiry(age=wall_time() - started, length=duration))
        if not isinstance(answer, Pending):
            return answer
        wait = answer.poll_after or next_poll(pace, duration, age=wall_time() - started)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
