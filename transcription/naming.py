"""Text for people about a transcript: names of speakers and languages, durations and times. Pure.

Both the reply in the thread and its attached files use these functions, so "Speaker 2" is the same voice in all of
them. Untrusted text (transcripts, names, titles) passes through `one_line` before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from transcription.transcript import Speaker, Transcript

UNKNOWN_SPEAKER = "Unknown speaker"
"""Shown before a turn whose speaker the provider could not tell. It does not stand for one person."""

NAME_LENGTH = 60
"""Maximum characters of a speaker's name; longer names are shortened."""

_LANGUAGE_LENGTH = 40
_LANGUAGES_NAMED = 4

# Codes as the providers write them. Botlhale's "vr", "ka" and "sh" are not the standard subtags of these languages, so
# they are read as Botlhale means them. A code that is not in this table is shown unchanged.
_LANGUAGES = {
    "af": "Afrikaans",
    "am": "Amharic",
    "ar": "Arabic",
    "az": "Azerbaijani",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "bs": "Bosnian",
    "ca": "Catalan",
    "cs": "Czech",
    "cy": "Welsh",
    "da": "Danish",
    "de": "German",
    "ee": "Ewe",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "gl": "Galician",
    "gu": "Gujarati",
    "ha": "Hausa",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ka-ke": "Kikamba",
    "kam": "Kikamba",
    "ki": "Kikuyu",
    "kk": "Kazakh",
    "km": "Khmer",
    "kn": "Kannada",
    "ko": "Korean",
    "lo": "Lao",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mg": "Malagasy",
    "mk": "Macedonian",
    "ml": "Malayalam",
    "mn": "Mongolian",
    "mr": "Marathi",
    "ms": "Malay",
    "my": "Burmese",
    "ne": "Nepali",
    "nl": "Dutch",
    "no": "Norwegian",
    "nr": "isiNdebele",
    "nso": "Sepedi",
    "pa": "Punjabi",
    "pl": "Polish",
    "ps": "Pashto",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "rw": "Kinyarwanda",
    "sh-zm": "Shona",
    "si": "Sinhala",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sn": "Shona",
    "so": "Somali",
    "sq": "Albanian",
    "sr": "Serbian",
    "ss": "siSwati",
    "st": "Sesotho",
    "sv": "Swedish",
    "sw": "Kiswahili",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tn": "Setswana",
    "tr": "Turkish",
    "ts": "Xitsonga",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "uz": "Uzbek",
    "ve": "Tshivenda",
    "vi": "Vietnamese",
    "vr-za": "Tshivenda",
    "xh": "isiXhosa",
    "yo": "Yoruba",
    "zh": "Chinese",
    "zu": "isiZulu",
}

# Control characters other than white space, and marks that change the writing direction: unclosed, they would reorder
# our own text, too.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def one_line(text: str) -> str:
    """Return untrusted text as one line.

    White space becomes single spaces, control and direction characters are removed.

    Lone surrogates, which are possible in JSON, become U+FFFD, so that the line can always be encoded.
    """
    return " ".join(_SURROGATES.sub("\ufffd", _INVISIBLE.sub("", text)).split())


def shortened(text: str, *, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters. An ellipsis marks a cut."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def speaker_names(transcript: Transcript) -> dict[str, str]:
    """Return the name to show for each speaker label, by first appearance: the known name, else "Speaker 1".

    Numbers count all speakers, so "Speaker 2" stays "Speaker 2" when Speaker 1 gets a name.
    """
    known: dict[str, str] = {}
    for speaker in transcript.speakers:
        known[speaker.label] = known.get(speaker.label) or _name(speaker.name or "")
    return {label: name or f"Speaker {number}" for number, (label, name) in enumerate(known.items(), start=1)}


def named(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """Return the transcript with the names that users gave its speakers, by label.

    Labels with the same name become one speaker.

    A speaker without a name keeps its number, even if others are named or merged.
    """
    shown = speaker_names(transcript)
    given = {label: name for label, text in names.items() if label in shown and (name := _name(text))}
    if not given:
        return transcript
    first: dict[str, str] = {}
    people: dict[str, Speaker] = {}
    for label, number in shown.items():
        name = given.get(label, number)
        leading = first.setdefault(name.casefold(), label)
        people[label] = Speaker(label=leading, name=given.get(leading, name))
    turns = (replace(turn, speaker=people[turn.speaker.label]) if turn.speaker else turn for turn in transcript.turns)
    return replace(transcript, turns=tuple(turns))


def _name(text: str) -> str:
    return shortened(text, limit=NAME_LENGTH)


def name_of(speaker: Speaker | None, *, names: dict[str, str]) -> str:
    """Return the name to show before a turn; `names` comes from `speaker_names`.

    Return "" if `names` is empty: without diarization no turn has a name.
    """
    if speaker:
        return names[speaker.label]
    return UNKNOWN_SPEAKER if names else ""


def language_name(language: str) -> str:
    """Return the name of a language for people; an unknown code is returned unchanged, but shortened."""
    code = language.strip().casefold().replace("_", "-")
    name = _LANGUAGES.get(code) or _LANGUAGES.get(code.partition("-")[0])
    return name or shortened(language, limit=_LANGUAGE_LENGTH)


def alike(language: str, offered: Iterable[str]) -> str | None:
    """Return the offered code of a language: the same one, else one with the same name; None if there is none."""
    codes = tuple(offered)
    if language in codes:
        return language
    return next((code for code in codes if language_name(code) == language_name(language)), None)


def language_names(transcript: Transcript) -> tuple[str, ...]:
    """Return the names of all languages by first appearance, without duplicates."""
    return tuple(dict.fromkeys(filter(None, map(language_name, transcript.languages))))


def in_words(length: timedelta) -> str:
    """Return a duration in words: "2 minutes 14 seconds", "1 hour 2 minutes"; without seconds from an hour on."""
    seconds = round(length.total_seconds())
    if seconds < 1:
        return "less than a second"
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [(hours, "hour"), (minutes, "minute"), (0 if hours else seconds, "second")]
    return " ".join(counted(number, unit) for number, unit in parts if number)


def short_length(length: timedelta) -> str:
    """Return a duration in few characters: "34 sec", "12 min", "1 hr 5 min"; in whole minutes from a minute on."""
    seconds = round(length.total_seconds())
    minutes = (seconds + 30) // 60 if seconds >= 60 else 0  # noqa: PLR2004 - seconds of a minute
    if not minutes:
        return f"{seconds} sec" if seconds > 0 else "under 1 sec"
    parts = [(minutes // 60, "hr"), (minutes % 60, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def counted(number: int, thing: str) -> str:
    """Return a number with its noun: "1 speaker", "2 speakers"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def time_mark(moment: timedelta) -> str:
    """Return a time in the recording: 0:07, 12:30, 1:02:03."""
    seconds = int(moment.total_seconds())
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def summary(transcript: Transcript, *, short: bool = False) -> str:
    """Return the first line of every file: "2 minutes 14 seconds · 2 speakers · Setswana"; "2 min · …" if `short`."""
    speakers = len(speaker_names(transcript))
    length = (short_length if short else in_words)(transcript.duration)
    parts = [length, counted(speakers, "speaker") if speakers else "speakers not separated"]
    languages = language_names(transcript)
    return " · ".join([*parts, _listed(languages)] if languages else parts)


def _listed(languages: Iterable[str]) -> str:
    named = list(languages)
    more = len(named) - _LANGUAGES_NAMED
    return ", ".join(named) if more < 1 else f"{', '.join(named[:_LANGUAGES_NAMED])} and {more} more"
