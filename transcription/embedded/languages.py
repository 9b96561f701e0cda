"""Which languages the offline engine understands, by Whisper's codes, and what of ours understands the others."""

from __future__ import annotations

from transcription.botlhale.languages import LANGUAGES as BOTLHALES
from transcription.models.catalog import ENGLISH, WHISPER_LANGUAGES
from transcription.models.store import UsableModel

OFFERED = frozenset(
    "af ar bn cs da de el en es fa fi fr he hi hu id it ja ko ms nl no pl pt ro ru sv sw ta th tl tr uk "  # noqa: SIM905 - so many quoted codes read worse
    "ur vi zh".split()
)
"""Of Whisper's languages those that people are offered to choose from; the others are detected all the same."""


def code_of(language: str) -> str:
    """Whisper's own code of a language, as far as it has one: "en" for "en-ZA"."""
    return language.strip().replace("_", "-").partition("-")[0].casefold()


def languages_of(found: UsableModel | None) -> frozenset[str]:
    """What a model understands; None is pocketsphinx. An unknown model is believed to understand what Whisper does."""
    if found is None:
        return ENGLISH
    return found.languages or WHISPER_LANGUAGES


def served_by(language: str) -> str | None:
    """What of ours understands this language, if anything."""
    code = code_of(language)
    if code == "ve" or code in {code_of(offered) for offered in BOTLHALES} - ENGLISH:
        return "Botlhale AI"
    if code == "th":
        return "Gowajee"
    return "A larger Whisper model" if code in WHISPER_LANGUAGES else None
