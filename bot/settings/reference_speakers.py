"""Checks that every file in GOWAJEE_REFERENCE_SPEAKERS is a voice; it is decoded in a process of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from bot.settings.checks import missing_voices
from bot.settings.model import Settings
from transcription.audio import convert
from transcription.errors import NoSound, TooLong, TranscriptionError, Unavailable
from transcription.naming import shortened

SHORTEST, LONGEST = timedelta(seconds=4), timedelta(seconds=5)
"""Allowed length of a voice, from Gowajee's page on its asynchronous API."""

PADDING = timedelta(seconds=0.1)
"""Tolerance: encoding makes a recording a little longer or shorter."""

_MEASURED = timedelta(minutes=1)
_NAME = "GOWAJEE_REFERENCE_SPEAKERS"
_NAME_LENGTH = 80
_FAULTS: Mapping[type[TranscriptionError], str] = MappingProxyType(
    {
        TooLong: "is longer than a minute; a voice is 4 to 5 seconds",
        Unavailable: "cannot be read; give the bot the right to",
        NoSound: "has no sound in it",
        TranscriptionError: "is not a recording that can be read",
    }
)
"""What the errors of a conversion mean; the first that matches is used."""


async def refused_voices(settings: Settings) -> list[str]:
    """Return a problem for every file that is no voice; none if all are good or the setting is not set."""
    folder = settings.gowajee_reference_speakers
    if folder is None:
        return []
    if missing := await asyncio.to_thread(missing_voices, settings):
        return missing
    files = await asyncio.to_thread(_files, folder)
    if not files:
        return [f"{_NAME}: there is no recording in this folder; put one for each speaker there"]
    names = Counter(file.stem for file in files)
    faults = [(file, "has the name of another one" if names[file.stem] > 1 else await _fault(file)) for file in files]
    return [f"{_NAME}: {shortened(file.name, limit=_NAME_LENGTH)} {fault}" for file, fault in faults if fault]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.is_dir())


async def _fault(file: Path) -> str:
    """Return what is wrong with the file, "" if nothing is."""
    if file.name.startswith("."):
        return "is a hidden file and no voice; take it out of the folder"
    try:
        with tempfile.TemporaryDirectory(prefix="threadscribe-") as folder:
            converted = await convert(file, Path(folder) / "voice.wav", longest=_MEASURED)
    except TranscriptionError as error:
        return next(fault for kind, fault in _FAULTS.items() if isinstance(error, kind))
    if converted.damaged:
        return "is damaged; record it again"
    if SHORTEST - PADDING <= converted.duration <= LONGEST + PADDING:
        return ""
    return f"is {converted.duration.total_seconds():.1f} seconds long; a voice is 4 to 5 seconds"
