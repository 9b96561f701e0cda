"""What a transcriber has people told: why it does not take a recording, a remark under a transcript, where sound goes.

Here and not in `handlers.words`, which knows no transcriber; the same rules hold: plain, short, with what to do next.
"""

from __future__ import annotations

import math

UNREADABLE = "This file could not be read as a recording; please save it as M4A, MP3 or WAV and share it again."
NO_SOUND = "There is no sound in this file; please check that it plays with sound on your device and share it again."
EMPTY = "This file is empty; please share the recording again."
TOO_LARGE = "This recording is too large to be transcribed. Please share a shorter part of it."
TOO_LARGE_FOR_BOTLHALE = "This recording is too large for Botlhale AI. Please share a shorter part of it."
TOO_LARGE_FOR_GOWAJEE = "This recording is too large to send to Gowajee. Please share a shorter part of it."
UNKNOWN_LANGUAGE = (
    "This does not sound like a language that the speech model on this server knows, so nothing was written down. "
    "If it is one that another transcription service knows, please ask the person who runs this app to set it up."
)
"""Refusals."""

A_TRIAL = (
    "Expect many mistakes: the offline engine is only for trying this app out, gets more than half of the words wrong "
    "in everyday speech and often misses a speaker; for recordings that matter, please ask the person who runs this "
    "app to set up a transcription service."
)
TIMES_LOOK_WRONG = "The times in this transcript do not fit the length of the recording, so they may be wrong."
PARTS_ARE_MISSING = "Some parts of this transcript came in a form that could not be read, so words may be missing."
UNCONFIRMED = "Gowajee sent this transcript, but its own records could not be checked, so it is unconfirmed."
VOICES_NOT_SENT = (
    "This recording is too large to be sent to Gowajee together with the reference voices, so its speakers were not "
    "recognised by name."
)
"""Remarks under a transcript."""

STAYS_HERE = "It stays on the server that Threadscribe runs on."
TO_BOTLHALE = "It is sent to Botlhale AI, a company in South Africa."
TO_GOWAJEE = "It is sent to Gowajee, a company in Thailand."
"""Where the sound of a recording goes."""


def not_understood(language: str, *, served_by: str | None) -> str:
    """A recording in a language that the offline engine does not understand, and what does, if anything of ours."""
    help_ = f"{served_by} does. Please ask" if served_by else "Please ask"
    what = "to set it up" if served_by else "for another transcription service"
    return (
        f"The speech model on this server does not understand {language}. {help_} the person who runs this app {what}."
    )


def by_whisper(model: str | None, *, word_errors: float | None, english_only: bool, unsure_of: str | None) -> str:
    """What to expect of a transcript that was made on this server; `word_errors` in percent, where they are known.

    `unsure_of`: the language that it was taken for although nobody could tell.
    """
    parts = [f"{f'Whisper {model}' if model else 'A Whisper model'} on this server wrote this"]
    if word_errors is not None:
        parts.append(f": expect about {math.ceil(word_errors)} wrong words in 100 of clear English")
        parts.append(", and more on the telephone." if english_only else ", and more in other languages.")
    else:
        parts.append(".")
    if english_only:
        parts.append(" It is heard as English, whatever is spoken.")
    if unsure_of is not None:
        parts.append(f" It was hard to tell the language, so it was heard as {unsure_of}.")
    return "".join(parts)


def too_long(longest: str) -> str:
    """A recording above a limit, which is `longest` in words."""
    return (
        f"This recording is longer than {longest}, the most that can be transcribed at once; please share it in parts."
    )
