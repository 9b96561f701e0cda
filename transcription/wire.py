"""Shared types and parsers for provider bodies. Pure.

A provider's body is untrusted: unknown fields are ignored, numbers are finite and bounded, and a body that cannot be
parsed raises `Misunderstood`, which keeps the body apart from the message.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from transcription.errors import Misunderstood


class Wire(BaseModel):
    """Base class of a wire format. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


Shape = TypeVar("Shape", bound=BaseModel)


def read_as(shape: type[Shape], body: bytes | str, *, what: str, keep: bool = True) -> Shape:
    """Parse a JSON body as `shape`.

    Raises `Misunderstood`. Its message names `what` and quotes nothing from the body; the body is attached unless
    `keep` is off.
    """
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        # The validator's message quotes its input: transcript text, or a token.
        kept = body if keep and isinstance(body, bytes) else b""
        raise Misunderstood(f"{what} is not as documented", body=kept) from None


def _leading_number(value: object) -> float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return float(value) if 0 <= value < 10**9 else None
        case str() if found := re.match(r"\s*([0-9]{1,9}(?:\.[0-9]{1,12})?)(?![0-9])", value):
            return float(found[1])
        case _:
            return None


LeadingNumber = Annotated[float | None, BeforeValidator(_leading_number)]
"""A number, or the number at the beginning of a text ("40.4 seconds"); None for anything else."""

CLOCK = re.compile(r"\s*(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{1,2}(?:\.[0-9]{1,12})?)(?![0-9:])")
THOUSANDTHS = re.compile(r"\s*[0-9.]+\s*(?:ms|msec|millisec)", re.IGNORECASE)


def _seconds(value: object) -> float | None:
    if isinstance(value, str) and ":" in value:
        clock = CLOCK.match(value)
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3]) if clock else None
    number = _leading_number(value)
    thousandths = number is not None and isinstance(value, str) and THOUSANDTHS.match(value)
    return number / 1000 if number is not None and thousandths else number


Seconds = Annotated[float | None, BeforeValidator(_seconds)]
"""A duration in seconds in any form that providers use: a number, "40.4 seconds", "40400 ms", "1:30", "0:01:30"."""

Moment = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
"""A time in the recording, in the provider's unit. The bounds prevent overflows in calculations."""

WireValue = TypeVar("WireValue")


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


OrNone = Annotated[WireValue | None, WrapValidator(_or_none)]
"""A value that becomes None if it cannot be parsed, without invalidating the rest."""

# PostgreSQL cannot store NUL in a text, and no language uses it.
Text = Annotated[str, AfterValidator(lambda text: text.replace("\x00", ""))]
"""Text for people, without NUL."""


def printable_line(value: object, *, most: int) -> str | None:
    """Return text for an operator in one line of at most `most` characters, unprintable ones replaced.

    None if it is no text.
    """
    if not isinstance(value, str):
        return None
    return "".join(letter if letter.isprintable() else " " for letter in value[:most]).strip() or None


def finite(value: object) -> float | None:
    """Return a number that is safe for calculations; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 10**12 else None


def milliseconds(value: float) -> timedelta:
    """Round to whole milliseconds, the resolution of transcripts."""
    return timedelta(milliseconds=round(value))


UNKNOWN = frozenset({"", "unknown", "unknown speaker", "speaker unknown", "unk", "n/a", "none", "null"})
"""How providers write that they do not know the speaker, in the normalised spelling of `known`."""


SLACK = timedelta(seconds=1)
SHARE = 0.01
"""How far the last word may be after the end of the recording: rounding, and what providers add."""

FAR_BELOW = 0.01
"""If the last word is in the first hundredth of a recording, its time is probably in another unit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedLength:
    """The duration of a transcript, and whether its times are consistent with it."""

    length: timedelta
    fits: bool


def span_of(end: timedelta, *, measured: timedelta | None, stated: timedelta | None) -> ClaimedLength:
    """Check the end of the last word against our measured duration, or without one against the provider's.

    Times far beyond the end are not rescaled: the transcript is then as long as they say.
    """
    length = measured or stated
    if not length:
        return ClaimedLength(length=max(end, timedelta(0)), fits=True)
    if end > length * (1 + SHARE) + SLACK:
        return ClaimedLength(length=end, fits=False)
    return ClaimedLength(length=length, fits=end >= length * FAR_BELOW)


def known(label: str | None) -> str | None:
    """Return the label of a known voice; None if the label means that the provider does not know the speaker.

    Ignores letter case, white space, underscores, hyphens and surrounding signs ("<UNKNOWN_SPEAKER>", "?").
    """
    text = (label or "").strip()
    plain = re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", text).casefold())
    return None if re.sub(r"^\W+|\W+$", "", plain) in UNKNOWN else text
