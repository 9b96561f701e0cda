"""Sentences in which transcribers speak to people: refusals, remarks under a transcript, where audio is processed.

They are here and not in `handlers.words`, which knows no transcriber. The same style holds: short, friendly, specific,
with what to do next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why there is no transcript, and what to do next: `shared` in Slack, `local` about a file on the command line."""

    fact: str
    shared: str
    local: str

    @property
    def in_slack(self) -> str:
        """Return the text for the person who shared the recording."""
        return f"{self.fact} {self.shared}"

    @property
    def on_command_line(self) -> str:
        """Return the text for the person who named the file."""
        return f"{self.fact} {self.local}"


UNREADABLE = Explanation(
    fact="This file couldn't be read as a recording.",
    shared="Save it as M4A, MP3 or WAV and share it again.",
    local="Save it as M4A, MP3 or WAV and try again.",
)
INCOMPLETE = Explanation(
    fact="This recording is incomplete: its end is missing, so it couldn't be read.",
    shared="Export it again from the app that recorded it, and share the new file.",
    local="Export it again from the app that recorded it, or copy it again if it was cut off on the way.",
)
NO_SOUND = Explanation(
    fact="This file has no sound.",
    shared="Check that it plays with sound on your device, then share it again.",
    local="Check that it plays with sound on your device.",
)
EMPTY = Explanation(fact="This file is empty.", shared="Share the recording again.", local="Copy the recording again.")
NO_SPEECH = Explanation(
    fact="No speech was found in this recording.",
    shared="If someone does speak in it, record it louder or closer to the microphone and share it again.",
    local="If someone does speak in it, record it louder or closer to the microphone.",
)
TOO_LARGE = Explanation(
    fact="This recording is too large to transcribe.",
    shared="Share a shorter part of it.",
    local="Transcribe a shorter part of it.",
)
TOO_LARGE_FOR_BOTLHALE = Explanation(
    fact="This recording is too large for Botlhale AI.",
    shared="Share a shorter part of it.",
    local="Transcribe a shorter part of it.",
)
TOO_LARGE_FOR_GOWAJEE = Explanation(
    fact="This recording is too large to send to Gowajee.",
    shared="Share a shorter part of it.",
    local="Transcribe a shorter part of it.",
)
UNKNOWN_LANGUAGE = (
    "This doesn't sound like a language that the speech model on this server knows, so nothing was transcribed. "
    "If another transcription service knows the language, ask the person who runs Threadscribe here to set it up."
)
"""Refusals."""

A_TRIAL = (
    "Expect many mistakes: the offline engine is only for trying out Threadscribe. It gets more than half of the words "
    "in everyday speech wrong and often misses speakers. For recordings that matter, ask the person who runs "
    "Threadscribe here to set up a transcription service."
)
TIMES_ARE_WRONG = "The timestamps don't match the length of the recording, so they may be wrong."
PARTS_ARE_MISSING = "Some parts of this transcript couldn't be read, so words may be missing."
UNCONFIRMED = "Gowajee sent this transcript, but its own records couldn't be checked, so it is unconfirmed."
VOICES_NOT_SENT = (
    "This recording is too large to send to Gowajee together with the reference voices, so speakers weren't recognised "
    "by name."
)
"""Remarks under a transcript."""

STAYS_HERE = "Audio stays on the server that runs Threadscribe."
TO_BOTLHALE = "Audio goes to Botlhale AI, a company in South Africa."
TO_GOWAJEE = "Audio goes to Gowajee, a company in Thailand."
"""Where the audio of a recording is processed: sentences that begin with "Audio "."""


def not_understood(language: str, *, served_by: str | None) -> str:
    """Return the refusal of a language that the offline engine does not know; `served_by` names one that does."""
    help_ = f"{served_by} does. Ask" if served_by else "Ask"
    what = "to set it up" if served_by else "for another transcription service"
    return (
        f"The speech model on this server doesn't understand {language}. {help_} the person who runs Threadscribe here "
        f"{what}."
    )


def by_whisper(model: str | None, *, word_errors: float | None, english_only: bool, unsure_of: str | None) -> str:
    """Return what to expect of a transcript made on this server; `word_errors` in percent, None where not measured.

    `unsure_of`: the language that was assumed because it could not be detected.
    """
    parts = [f"Speech model: {f'Whisper {model}' if model else 'Whisper'}, on this server."]
    if word_errors is not None:
        parts.append(f" Expect about {math.ceil(word_errors)} wrong words in 100 of clear English")
        parts.append(", and more on phone calls." if english_only else ", and more in other languages.")
    if english_only:
        parts.append(" Everything is transcribed as English, whatever language is spoken.")
    if unsure_of is not None:
        parts.append(f" The language couldn't be detected, so {unsure_of} was assumed.")
    return "".join(parts)


def too_long(longest: str) -> Explanation:
    """Return the refusal of a recording above a limit, which is `longest` in words."""
    return Explanation(
        fact=f"This recording is longer than {longest}, the most that can be transcribed at once.",
        shared="Share it in parts.",
        local="Split it into parts.",
    )
