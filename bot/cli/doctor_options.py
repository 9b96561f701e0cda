"""The check of `threadscribe doctor` for settings that the chosen provider does not fully support."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from bot.cli.findings import Finding
from bot.settings.model import Settings
from bot.settings.reference_speakers import refused_voices
from transcription.botlhale.languages import UNDETECTED, WITHOUT_SPEAKERS, is_among


async def examine_options(settings: Settings) -> AsyncIterator[Finding]:
    """Yield settings that have no effect, or not always, and what can be done about it."""
    match settings.transcriber:
        case "botlhale":
            for finding in _botlhale(settings):
                yield finding
        case "gowajee":
            for finding in _gowajee(settings):
                yield finding
            for problem in await refused_voices(settings):
                yield Finding(verdict="bad", what=problem)
        case "embedded":
            return


def _botlhale(settings: Settings) -> Iterator[Finding]:
    if not settings.botlhale_language:
        *others, last = UNDETECTED
        yield Finding(
            verdict="note",
            what="BOTLHALE_LANGUAGE is not set: Botlhale AI detects the language of each sentence, but finds "
            f"{', '.join(others)} and {last} only where they are chosen",
            fix="for recordings in one of them choose it in Slack (/transcripts settings), or set BOTLHALE_LANGUAGE",
        )
    elif settings.botlhale_diarization and is_among(settings.botlhale_language, WITHOUT_SPEAKERS):
        yield Finding(verdict="note", what=f"Botlhale AI does not tell speakers apart in {settings.botlhale_language}")


def _gowajee(settings: Settings) -> Iterator[Finding]:
    asked = {
        "GOWAJEE_SPEAKING_RATE": settings.gowajee_speaking_rate,
        "GOWAJEE_WORD_TIMESTAMPS": settings.gowajee_word_timestamps,
    }
    for name in (name for name, wanted in asked.items() if wanted):
        yield Finding(
            verdict="note",
            what=f"{name} is sent, but nothing is read from the answer: Gowajee does not publish its form",
            fix=f"leave {name} out",
        )
    if settings.gowajee_reference_speakers is not None:
        yield Finding(
            verdict="note",
            what=f"voices are not sent with recordings above {settings.gowajee_largest_inline:,} bytes of WAV, which "
            "go as an address: Gowajee does not publish how voices are written there; the replies say so",
        )
