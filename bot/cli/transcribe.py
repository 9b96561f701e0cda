"""`threadscribe transcribe FILE`: transcribes one file with the configured provider, without Slack."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.catalog import open_transcribers
from bot.clock import wall_time
from bot.settings.checks import provider_problems
from bot.settings.model import Settings, SettingsProblem
from bot.settings.reference_speakers import refused_voices
from bot.worker.polling import first_poll, next_poll
from transcription import exports
from transcription.audio import channels_of, convert
from transcription.errors import Refused, TranscriptionError
from transcription.transcriber import Audio, CallsBack, Handle, Inquiry, Pending, Submission, Transcriber
from transcription.transcript import Transcript

ONLY_BY_WEBHOOK = (
    "{title} sends results to its webhook only, and this command has none: nothing was sent. "
    "Share the recording in Slack, where the bot takes the webhook."
)

FORMS: dict[str, Callable[[Transcript], str]] = {
    "text": exports.as_text,
    "json": exports.as_json,
    "srt": exports.as_srt,
    "vtt": exports.as_vtt,
}


async def transcribe_file(settings: Settings, file: Path, *, form: str, output: Path | None) -> int:
    """Transcribe the file, and print or write the transcript; return the exit code."""
    problems = [*provider_problems(settings), *await refused_voices(settings)]
    if problems:
        raise SettingsProblem(problems)
    try:
        transcript = await _transcribe(settings, file)
    except Refused as refused:
        click.echo(refused.sentence, err=True)
        return 1
    except TranscriptionError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        return 1
    text = FORMS[form](transcript)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        await asyncio.to_thread(output.write_text, text, encoding="utf-8")
    return 0


async def _transcribe(settings: Settings, file: Path) -> Transcript:
    async with AsyncExitStack() as stack:
        transcribers = await stack.enter_async_context(open_transcribers(settings, clock=wall_time))
        transcriber = transcribers[settings.transcriber]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadscribe-")))
        progress = stack.enter_context(_progress())
        task = progress.add_task("decoding", total=None)
        wanted = transcriber.capabilities
        wav = folder / "audio.wav"
        converted = await convert(
            file, wav, sample_rate=wanted.sample_rate, longest=wanted.longest, stereo=wanted.stereo
        )
        audio = Audio(
            key="commandline",
            path=wav,
            duration=converted.duration,
            sample_rate=wanted.sample_rate,
            channels=await channels_of(wav),
        )
        await _refuse_without_answers(transcriber)
        progress.update(task, description=f"sending to {transcriber.title}")
        submission = await transcriber.submit(audio, await transcriber.prepare(audio))
        pace = transcriber.capabilities.poll_schedule
        expected = max(pace.first * audio.duration.total_seconds() * 4, 5)
        progress.update(task, description=f"{transcriber.title} is listening", total=expected)
        return await _wait(
            transcriber,
            submission,
            audio.duration,
            tick=lambda age: progress.update(task, completed=age.total_seconds()),
        )


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
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
