"""The recordings of `threadscribe transcribe`, and the files that their transcripts go to.

Every file is checked before the work begins. It appears, or replaces an older one, only when it is complete.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

STDIN = "-"
"""Stands for standard input among the recordings, and for standard output as `--output`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRecording:
    """A recording as it was named on the command line. `output` is None for standard output."""

    source: str
    output: Path | None = None

    @property
    def is_stdin(self) -> bool:
        """Return whether the recording is read from standard input."""
        return self.source == STDIN

    @property
    def stem(self) -> str:
        """Return the name of the recording without its suffix."""
        return "stdin" if self.is_stdin else Path(self.source).stem


def plan(sources: Sequence[str], *, output: str | None, suffix: str) -> list[NamedRecording]:
    """Return each recording with its output. Raises `click.UsageError` if not all of them could be written."""
    recordings = [NamedRecording(source=source) for source in sources]
    if sum(recording.is_stdin for recording in recordings) > 1:
        raise click.UsageError("standard input can be read only once: give '-' once")
    if output is None or output == STDIN:
        return recordings
    in_folder = len(sources) > 1 or output.endswith(os.sep) or _is_folder(output)
    planned = [
        NamedRecording(source=each.source, output=Path(output, f"{each.stem}.{suffix}") if in_folder else Path(output))
        for each in recordings
    ]
    _refuse_the_same(planned)
    for recording in planned:
        _refuse_unwritable(recording, makes_folder=in_folder)
    return planned


def write(target: Path, content: bytes) -> None:
    """Write the file as a whole, and make its folder. Raises `OSError`; an older file is then as it was."""
    if target.exists() and not target.is_file():  # a device or a pipe cannot be replaced
        target.write_bytes(content)
        return
    place = target.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".threadscribe-{secrets.token_hex(8)}.part")
    try:
        draft.write_bytes(content)
        if place.exists():
            shutil.copymode(place, draft)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def _is_folder(output: str) -> bool:
    try:
        return Path(output).is_dir()
    except OSError:  # for example a name that is too long
        return False


def reason(error: OSError) -> str:
    """Return the system's words for the error, without a path."""
    return error.strerror or str(error)


def _refuse_the_same(recordings: Sequence[NamedRecording]) -> None:
    """Refuse to write two transcripts to one file, also where capitals make no difference to the disk."""
    taken: dict[str, str] = {}
    for recording in recordings:
        name = str(recording.output).casefold()
        if name in taken:
            raise click.UsageError(
                f"{taken[name]} and {recording.source} would both be written to {recording.output}: "
                "transcribe them into different folders"
            )
        taken[name] = recording.source


def _refuse_unwritable(recording: NamedRecording, *, makes_folder: bool) -> None:
    target = recording.output
    assert target is not None  # noqa: S101 - every recording of a plan with an output has one
    try:
        if not recording.is_stdin and target.exists() and target.samefile(recording.source):
            raise click.UsageError(f"{target} is the recording itself: choose another --output")
        _try(target, makes_folder=makes_folder)
    except OSError as error:
        raise click.UsageError(f"{target} can't be written: {reason(error)}") from None


def _try(target: Path, *, makes_folder: bool) -> None:
    """Raise `OSError` if the file cannot be written. Leaves nothing behind."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if mode is not None and not stat.S_ISREG(mode):
        return
    folder = target.resolve().parent
    while makes_folder and not folder.exists():
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        pass
