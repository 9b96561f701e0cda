"""`threadscribe transcribe`: transcribes recordings one after the other with the configured provider, without Slack."""

from __future__ import annotations

import asyncio
import enum
import os
import sys
from collections.abc import Sequence

import click

from bot.catalog import open_transcribers
from bot.cli import transcript_files
from bot.cli.one_recording import transcribe_recording
from bot.cli.printable import printable
from bot.cli.transcript_files import NamedRecording, reason
from bot.clock import wall_time
from bot.settings.checks import provider_problems
from bot.settings.model import Settings, SettingsProblem
from bot.settings.reference_speakers import refused_voices
from handlers import words
from transcription import remarks
from transcription.errors import NoSpeech, Refused, TranscriptionError
from transcription.formats import Format, written
from transcription.transcriber import Transcriber
from transcription.transcript import Transcript

PARTS_MISSING = (words.DAMAGED, remarks.PARTS_ARE_MISSING)
"""What a note says of a transcript that is not whole."""


class ExitCode(enum.IntEnum):
    """What became of a recording. The help of the command explains each."""

    WHOLE = 0
    FAILED = 1
    NO_SPEECH = 3
    PARTS_MISSING = 4


WORST_FIRST = (ExitCode.FAILED, ExitCode.NO_SPEECH, ExitCode.PARTS_MISSING, ExitCode.WHOLE)


async def transcribe_files(settings: Settings, recordings: Sequence[NamedRecording], *, kind: Format) -> int:
    """Transcribe each recording, and print or write its transcript; return the exit code.

    A failure concerns one recording only. If standard output cannot be written, nothing more is transcribed.
    """
    problems = [*provider_problems(settings), *await refused_voices(settings)]
    if problems:
        raise SettingsProblem(problems)
    codes = []
    async with open_transcribers(settings, clock=wall_time) as transcribers:
        transcriber = transcribers[settings.transcriber]
        for number, recording in enumerate(recordings):
            job = _Job(recording, transcriber=transcriber, number=number, is_alone=len(recordings) == 1)
            codes.append(await job.run(kind))
    return next(code for code in WORST_FIRST if code in codes)


class _Job:
    """One recording on its way to a transcript."""

    def __init__(self, recording: NamedRecording, *, transcriber: Transcriber, number: int, is_alone: bool) -> None:
        self._recording = recording
        self._transcriber = transcriber
        self._number = number
        self._name = "" if is_alone else printable("standard input" if recording.is_stdin else recording.source)
        self._prefix = f"{self._name}: " if self._name else ""

    async def run(self, kind: Format) -> ExitCode:
        """Transcribe and deliver. What there is to say about it is on standard error."""
        try:
            transcript = await transcribe_recording(
                self._recording, self._transcriber, key=f"commandline-{self._number + 1}", label=self._prefix
            )
        except Refused as refused:
            self._say(refused.on_command_line)
            return ExitCode.NO_SPEECH if isinstance(refused, NoSpeech) else ExitCode.FAILED
        except TranscriptionError as error:
            self._say(f"{type(error).__name__}: {error}")
            return ExitCode.FAILED
        except OSError as error:
            self._say(reason(error))
            return ExitCode.FAILED
        missing = [sentence for sentence in PARTS_MISSING if sentence in (transcript.note or "")]
        if not transcript.turns:
            self._say(remarks.NO_SPEECH.on_command_line, *missing)
            return ExitCode.NO_SPEECH
        if not await self._deliver(transcript, kind):
            return ExitCode.FAILED
        self._say(*missing)
        return ExitCode.PARTS_MISSING if missing else ExitCode.WHOLE

    def _say(self, *sentences: str) -> None:
        for sentence in sentences:
            click.echo(f"{self._prefix}{sentence}", err=True)

    async def _deliver(self, transcript: Transcript, kind: Format) -> bool:
        """Print or write the transcript; return whether that was possible."""
        recording = self._recording
        title = words.UNTITLED if recording.is_stdin else recording.stem
        content = written(transcript, kind, title=title, at=wall_time())
        if recording.output is None:
            _print(f"==> {self._name} <==\n\n".encode() + content + b"\n" if self._name else content)
            return True
        try:
            await asyncio.to_thread(transcript_files.write, recording.output, content)
        except OSError as error:
            self._say(f"{recording.output} can't be written: {reason(error)}")
            return False
        return True


def _print(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        # What is left in the buffer would fail again when Python ends, with an exit code of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.ClickException(f"standard output can't be written: {reason(error)}") from None
