"""The command `threadscribe transcribe` with its options; `bot.cli.transcribe` does the work."""

from __future__ import annotations

import sys

import click

from bot.cli import transcript_files
from bot.cli.errors import plainly
from bot.cli.transcript_files import STDIN
from bot.settings.loading import load
from transcription.formats import Format

FORMATS = {"text": Format.TEXT, "json": Format.JSON, "srt": Format.SUBRIP, "vtt": Format.WEBVTT, "docx": Format.WORD}


HELP = """\
Transcribe each FILE with the configured transcriber, without Slack.

FILE can be - for standard input. Without -o, transcripts go to standard output; those of several recordings follow
each other, each below a line with its name. What there is to say about a recording goes to standard error.

\b
Exit codes:
  0  every recording was transcribed whole
  1  a recording couldn't be transcribed, or its transcript not written
  2  nothing was begun: the command or the settings are wrong, or an
     output can't be written
  3  no speech was found in a recording, so nothing was written for it
  4  transcribed, but parts of a recording couldn't be read
With several recordings each is tried, and the first of 1, 3, 4 counts
that applies to one of them.
"""


@click.command(help=HELP)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="Several recordings need -o, but for text.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(allow_dash=True),
    help="For one recording a file, or the folder to put it in; for several a folder, which is made if it's not there. "
    "Files are named after the recordings, and older ones replaced.",
)
@plainly
async def transcribe(files: tuple[str, ...], form: str, output: str | None) -> int:
    """Check the outputs, then transcribe."""
    kind = FORMATS[form]
    recordings = transcript_files.plan(files, output=output, suffix=kind)
    if STDIN in files and sys.stdin.isatty():
        raise click.UsageError("'-' reads a recording from standard input, which is the terminal here: pipe one in")
    if recordings[0].output is None:
        _refuse_for_stdout(kind, count=len(recordings))
    from bot.cli.transcribe import transcribe_files  # noqa: PLC0415 - heavy, so only where there is something to do

    return await transcribe_files(load(), recordings, kind=kind)


def _refuse_for_stdout(kind: Format, *, count: int) -> None:
    if kind is Format.WORD and sys.stdout.isatty():
        raise click.UsageError("a terminal can't show a Word document: give a file with -o, or pipe the output")
    if count > 1 and kind is not Format.TEXT:
        raise click.UsageError(f"several transcripts in one {kind} output can't be told apart: give a folder with -o")
