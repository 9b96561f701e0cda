"""What Botlhale answers about a job, in either dialect.

Source: the response samples on Botlhale's page on asynchronous speech-to-text (camel) and on its revision of February
2025 (snake): milliseconds with float noise, `speaker_0` or `SPEAKER_00`, language codes or English names. Segments of
a job without diarization are published nowhere; here they have no `speaker`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from sandbox.botlhale.orders import Dialect
from sandbox.script import Segment

StatusShape = Literal["data", "flat"]
AudioLength = Literal["text", "seconds", "number"]

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


def status(
    name: str, word: str, *, dialect: Dialect, shape: StatusShape, org_id: str, number: int, took: str
) -> dict[str, object]:
    """Say where the job stands; `number` is the 18-digit id, `took` the processing time as text."""
    if shape == "flat" and dialect == "snake":
        return {"status": word, "location": f"invented-asr-async/{name}", "inference_id": number}
    entry: dict[str, object] = {
        "OrgID": org_id,
        "id": number,
        "process": name,
        "processTime": took,
        "status": word,
    }
    return {"data": [entry]} if shape == "data" else entry


def result(
    name: str,
    segments: Sequence[Segment],
    *,
    dialect: Dialect,
    diarization: bool,
    seconds: float,
    audio_length: AudioLength,
    word: str,
) -> dict[str, object]:
    """Give the whole answer of a job that is done."""
    head: dict[str, object] = {"date_received": "2026-11-20 08:00:00"} if dialect == "snake" else {"status": word}
    return {
        "audio_length": _length(seconds, audio_length),
        "filename": f"/{name}",
        "time": {"diarization": 0.23 * seconds, "recognition": 0.14 * seconds},
        "timestamps": [
            _timestamp(segment, place=place, dialect=dialect, diarization=diarization)
            for place, segment in enumerate(segments, start=1)
        ],
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
