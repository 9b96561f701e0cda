"""Build Botlhale's answers about a job, in both naming schemes.

Source: the response samples on Botlhale's page on asynchronous speech-to-text (camel) and on its revision of February
2025 (snake): milliseconds with floating-point noise, `speaker_0` or `SPEAKER_00`, language codes or English names.
Segments without diarization are undocumented; here they have no `speaker`.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.botlhale.options import AudioLength, NameForm, StatusShape
from sandbox.botlhale.orders import Dialect
from sandbox.script import Segment

LANGUAGE_NAMES = {
    "en-ZA": "English",
    "zu-ZA": "isiZulu",
    "xh-ZA": "isiXhosa",
    "st-ZA": "Sesotho",
    "tn-ZA": "Setswana",
    "nso-ZA": "Sepedi",
    "vr-ZA": "Tshivenda",
    "ts-ZA": "Xitsonga",
    "af-ZA": "Afrikaans",
    "sw-KE": "Kiswahili",
}


def foreign_name() -> str:
    """Return a random name for a recording of another customer."""
    return f"asr_{secrets.token_hex(6)}__16000_{secrets.token_hex(6)}.wav"


def spell(name: str, form: NameForm, *, published: str | None = None) -> str | None:
    """Return a job's name in the given spelling; None leaves it out.

    `published` is used if it differs from the name.
    """
    match form:
        case "none":
            return None
        case "bare":
            return name.rsplit("/", 1)[-1]
        case "asterisks":
            return name.replace("/", "***").replace(".", "**")
        case "published":
            return published or name


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """The status of one job; `number` is the 18-digit id, `took` the processing time as text."""

    name: str | None
    word: str
    number: int
    took: str


def status(entries: Sequence[Entry], *, dialect: Dialect, shape: StatusShape, org_id: str) -> dict[str, object]:
    """Return a status answer. Only the shape `data` can contain more than the last entry."""
    if shape == "data":
        return {"data": [_entry(entry, org_id=org_id) for entry in entries]}
    last = entries[-1]
    if shape == "flat" and dialect == "snake":
        return {"status": last.word, "location": "location", "inference_id": f"{org_id}_{last.number}"}
    return _entry(last, org_id=org_id)


def _entry(entry: Entry, *, org_id: str) -> dict[str, object]:
    process = {} if entry.name is None else {"process": entry.name}
    return {"OrgID": org_id, "id": entry.number, **process, "processTime": entry.took, "status": entry.word}


def result(
    name: str | None,
    segments: Sequence[Segment],
    *,
    dialect: Dialect,
    diarization: bool,
    seconds: float,
    audio_length: AudioLength,
    word: str,
    first_segment_lacks: Sequence[str] = (),
) -> dict[str, object]:
    """Return the result of a finished job. `first_segment_lacks` are fields that its first segment does not have."""
    head: dict[str, object] = {"date_received": "2026-11-20 08:00:00"} if dialect == "snake" else {"status": word}
    timestamps = [
        _timestamp(segment, place=place, dialect=dialect, diarization=diarization)
        for place, segment in enumerate(segments, start=1)
    ]
    for lacking in first_segment_lacks if timestamps else ():
        timestamps[0].pop(lacking, None)
    return {
        "audio_length": _length(seconds, audio_length),
        **({} if name is None else {"filename": name}),
        "time": {"diarization": 0.23 * seconds, "recognition": 0.14 * seconds},
        "timestamps": timestamps,
        **head,
    }


def _length(seconds: float, form: AudioLength) -> str | float:
    match form:
        case "text":
            return str(seconds)
        case "seconds":
            return f"{seconds} seconds"
        case "number":
            return seconds
        case "milliseconds":
            return round(seconds * 1000)
        case "clock":
            return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"
        case "long clock":
            return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f}:{seconds % 60:02.0f}"


def _timestamp(segment: Segment, *, place: int, dialect: Dialect, diarization: bool) -> dict[str, object]:
    start, end = _noisy(segment.start), _noisy(segment.end)
    label = _label(segment.speaker, dialect=dialect) if diarization else None
    language = LANGUAGE_NAMES.get(segment.language, "English") if dialect == "snake" else segment.language
    entry: dict[str, object] = {
        "end": end,
        "filename": "_".join(str(piece) for piece in (place, label, start, end, language) if piece is not None)
        + ".wav",
        "language": language,
        "start": start,
        "transcription": segment.text,
    }
    if label is not None:
        entry["speaker"] = label
    return entry | (_snake_extras(segment) if dialect == "snake" else {})


def _snake_extras(segment: Segment) -> dict[str, object]:
    return {
        "emotion": "neutral",
        "redaction": segment.text,
        "times": {"recognition": 0.4},
        "transcription_no_LM": segment.text.lower(),
        "translation": "-",
    }


def _label(speaker: int | None, *, dialect: Dialect) -> str | None:
    if speaker is None:
        return None
    return f"speaker_{speaker}" if dialect == "camel" else f"SPEAKER_{speaker:02}"


def _noisy(seconds: float) -> float:
    noise = random.Random(seconds).choice((-3, -2, -1, 0, 1, 2, 3))
    return max(0.0, seconds * 1000 * (1 + noise * 2**-51))
