"""The languages of the offline engine, by Whisper's codes, and which other provider covers the rest."""

from __future__ import annotations

from transcription.botlhale.languages import LANGUAGES as BOTLHALES
from transcription.models.catalog import ENGLISH, WHISPER_LANGUAGES
from transcription.models.store import UsableModel

OFFERED = frozenset(
    "af ar bn cs da de el en es fa fi fr he hi hu id it ja ko ms nl no pl pt ro ru sv sw ta th tl tr uk "  # noqa: SIM905 - so many quoted codes read worse
    "ur vi zh".split()
)
"""Whisper's languages that users can choose from. The others are still detected."""


def code_of(language: str) -> str:
    """Return Whisper's code of a language: "en" for "en-ZA"."""
    return language.strip().replace("_", "-").partition("-")[0].casefold()


def languages_of(found: UsableModel | None) -> frozenset[str]:
    """Return the languages of a model.

    None means pocketsphinx. An unknown model is assumed to cover all of Whisper's languages.
    """
    if found is None:
        return ENGLISH
    return found.languages or WHISPER_LANGUAGES


def served_by(language: str) -> str | None:
    """Return which of our providers or models covers this language, or None."""
    code = code_of(language)
    if code == "ve" or code in {code_of(offered) for offered in BOTLHALES} - ENGLISH:
        return "Botlhale AI"
    if code == "th":
        return "Gowajee"
    return "A larger Whisper model" if code in WHISPER_LANGUAGES else None
