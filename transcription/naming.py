"""How people are told who spoke, in which language, when and for how long. Pure.

The reply in the thread and the files that are attached to it both ask here, so that "Speaker 2" is the same voice
in each of them. The words of others (what was said, names, titles) pass through `one_line` before they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from transcription.transcript import Speaker, Transcript

UNKNOWN_SPEAKER = "Unknown speaker"
"""Stands before a turn whose speaker the provider could not tell; it is not the name of one person."""

NAME_LENGTH = 60
"""Characters of a speaker's name; what is longer is shortened."""

_LANGUAGE_LENGTH = 40
_LANGUAGES_NAMED = 4

# Codes as the providers write them. Botlhale's "vr", "ka" and "sh" are not the standard subtags of these languages,
# so they are read as Botlhale means them; what is not in this table is shown as it came.
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

# Control characters that are no white space, and the marks that turn the writing direction of what follows them:
# unclosed, they would reorder our own words too.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


def one_line(text: str) -> str:
    """Someone's words as one line: white space made single spaces, control and direction characters left out.

    Halves of characters (lone surrogates, possible in JSON) become U+FFFD, so that the line can always be encoded.
    """
    return " ".join(_HALF_CHARACTERS.sub("\ufffd", _UNSEEN.sub("", text)).split())


def shortened(text: str, *, limit: int) -> str:
    """`text` as one line of at most `limit` characters; an ellipsis shows that something was left out."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def speaker_names(transcript: Transcript) -> dict[str, str]:
    """The name to show for each speaker label, by first appearance: a name where known, else "Speaker 1".

    Numbers count all speakers, so that "Speaker 2" stays "Speaker 2" when Speaker 1 is given a name.
    """
    known: dict[str, str] = {}
    for speaker in transcript.speakers:
        known[speaker.label] = known.get(speaker.label) or _name(speaker.name or "")
    return {label: name or f"Speaker {number}" for number, (label, name) in enumerate(known.items(), start=1)}


def named(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The transcript with the names that people gave its speakers, by label; those who got one name are one speaker.

    Whoever has none keeps the number that they had before, whoever else was named or joined.
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
    """The name to show before a turn; `names` comes from `speaker_names`.

    It is "" where that knows nobody: voices were not told apart, and there is nothing to say at each turn.
    """
    if speaker:
        return names[speaker.label]
    return UNKNOWN_SPEAKER if names else ""


def language_name(language: str) -> str:
    """The name of a language for people; a code that nobody here knows is shown as it came, shortened."""
    code = language.strip().casefold().replace("_", "-")
    name = _LANGUAGES.get(code) or _LANGUAGES.get(code.partition("-")[0])
    return name or shortened(language, limit=_LANGUAGE_LENGTH)


def language_names(transcript: Transcript) -> tuple[str, ...]:
    """The names of all languages by first appearance, each once."""
    return tuple(dict.fromkeys(filter(None, map(language_name, transcript.languages))))


def in_words(length: timedelta) -> str:
    """A length for reading aloud: "2 minutes 14 seconds", "1 hour 2 minutes"; seconds are left out above an hour."""
    seconds = round(length.total_seconds())
    if seconds < 1:
        return "less than a second"
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [(hours, "hour"), (minutes, "minute"), (0 if hours else seconds, "second")]
    return " ".join(counted(number, unit) for number, unit in parts if number)


def counted(number: int, thing: str) -> str:
    """A number and what is counted: "1 speaker", "2 speakers"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def time_mark(moment: timedelta) -> str:
    """A moment of the recording as people write it: 0:07, 12:30, 1:02:03."""
    seconds = int(moment.total_seconds())
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def summary(transcript: Transcript) -> str:
    """The first line of every form: "2 minutes 14 seconds · 2 speakers · Setswana"."""
    speakers = len(speaker_names(transcript))
    parts = [in_words(transcript.duration), counted(speakers, "speaker") if speakers else "speakers not told apart"]
    languages = language_names(transcript)
    return " · ".join([*parts, _listed(languages)] if languages else parts)


def _listed(languages: Iterable[str]) -> str:
    named = list(languages)
    more = len(named) - _LANGUAGES_NAMED
    return ", ".join(named) if more < 1 else f"{', '.join(named[:_LANGUAGES_NAMED])} and {more} more"
