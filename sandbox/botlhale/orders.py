"""Validate the options of `POST /asr/async/upload`, and name the job.

Source: Botlhale's page on asynchronous speech-to-text (camel: the parameters `OrgID`, `SampleRate`, `LanguageCode`,
`Diarization`) and its revision of February 2025 (snake). Its `voice_id` and `notify_url` are not supported and rejected
like any unknown field. Job names follow the documented ones.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sandbox.botlhale.refusals import refuse
from sandbox.forms import Part

Dialect = Literal["camel", "snake"]
SLOWEST, FASTEST = 8_000, 48_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The field names of one naming scheme."""

    org_id: str
    sample_rate: str
    language: str
    diarization: str
    file_name: str


NAMES: dict[Dialect, Names] = {
    "camel": Names(
        org_id="OrgID",
        sample_rate="SampleRate",
        language="LanguageCode",
        diarization="Diarization",
        file_name="FileName",
    ),
    "snake": Names(
        org_id="org_id",
        sample_rate="sample_rate",
        language="language_code",
        diarization="diarization",
        file_name="filename",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """The options of one accepted request; `language` None means detection."""

    sample_rate: int
    language: str | None
    diarization: bool


def read_order(parts: Sequence[Part], *, dialect: Dialect, org_id: str) -> Order:
    """Validate the form of an upload request, and reject anything undocumented."""
    names = NAMES[dialect]
    fields = _fields(parts, known={names.org_id, names.sample_rate, names.language, names.diarization})
    if names.org_id not in fields:
        raise refuse(400, f"{names.org_id} is required")
    if fields[names.org_id] != org_id:
        raise refuse(403, "no such organisation", code="forbidden")
    if not fields.get(names.language, "any"):
        raise refuse(400, f"{names.language} is empty")
    return Order(
        sample_rate=_sample_rate(fields.get(names.sample_rate), dialect=dialect),
        language=fields.get(names.language),
        diarization=_diarization(fields.get(names.diarization, "False")),
    )


def name_job(order: Order, *, dialect: Dialect, org_id: str) -> str:
    """Return a random storage key, which is also the job's name and contains the options."""
    first, last = secrets.token_hex(6), secrets.token_hex(6)
    language = order.language or ""
    if dialect == "camel":
        speakers = "_1" if order.diarization else ""
        return f"asr_{first}_{language}_{order.sample_rate}{speakers}_{last}.wav"
    moment = datetime.now(UTC).strftime("%d%m%Y_%H%M%S")
    return f"{org_id}/asr_{first}_{language}_{order.sample_rate}_{org_id}__{order.diarization}__{last}{moment}.wav"


def _fields(parts: Sequence[Part], *, known: set[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in parts:
        if part.filename is not None or part.name not in known or part.name in fields:
            raise refuse(400, f"{part.name} is unknown, repeated or a file")
        fields[part.name] = part.text
    return fields


def _sample_rate(text: str | None, *, dialect: Dialect) -> int:
    if text is None and dialect == "snake":
        return 16_000
    if text is None or not re.fullmatch("[0-9]{4,5}", text) or not SLOWEST <= int(text) <= FASTEST:
        raise refuse(400, "the sample rate is a number of hertz between 8000 and 48000, in digits")
    return int(text)


def _diarization(text: str) -> bool:
    if text not in {"True", "False"}:
        raise refuse(400, "diarization is True or False")
    return text == "True"
