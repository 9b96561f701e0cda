"""Where provider bodies become typed values: what the models of both providers agree on.

A provider's body is somebody else's text: unknown fields are ignored, numbers are finite and bounded, and what
cannot be read is `Misunderstood` with the body kept apart from the message. Pure.
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
    """A shape on the wire; whatever else a provider adds is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


Shape = TypeVar("Shape", bound=BaseModel)


def read_as(shape: type[Shape], body: bytes | str, *, what: str, keep: bool = True) -> Shape:
    """Read a JSON body as `shape`.

    Raises `Misunderstood`, which names `what` and nothing from the body; the body rides along unless `keep` is off.
    """
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        # The validator's own words quote what it read: transcript text, or a token.
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
"""A number, or the number that a text begins with ("40.4 seconds"); None for anything else."""

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
"""A length in seconds, in the words of a provider: a number, "40.4 seconds", "40400 ms", "1:30", "0:01:30"."""

Moment = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
"""A point in the recording, in the provider's unit; the bounds keep arithmetic with it from overflowing."""

WireValue = TypeVar("WireValue")


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


OrNone = Annotated[WireValue | None, WrapValidator(_or_none)]
"""What costs only itself where it cannot be read: None in its place."""

# PostgreSQL keeps no NUL in a text, and no language needs one.
Text = Annotated[str, AfterValidator(lambda text: text.replace("\x00", ""))]
"""Text that a person may read."""


def printable(value: object, *, most: int) -> str | None:
    """Text for an operator in one line: at most so many characters, what cannot be shown replaced; else None."""
    if not isinstance(value, str):
        return None
    return "".join(letter if letter.isprintable() else " " for letter in value[:most]).strip() or None


def finite(value: object) -> float | None:
    """A number that can be reckoned with; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 10**12 else None


def milliseconds(value: float) -> timedelta:
    """Round to whole milliseconds, which is as fine as transcripts are kept."""
    return timedelta(milliseconds=round(value))


UNKNOWN = frozenset({"", "unknown", "unknown speaker", "speaker unknown", "unk", "n/a", "none", "null"})
"""How providers write that they cannot tell whose voice it is, in the spelling that `known` compares."""


SLACK = timedelta(seconds=1)
SHARE = 0.01
"""How far the last word may be behind the end of the recording: rounding, and what a provider adds in silence."""

FAR_BELOW = 0.01
"""A last word in the first hundredth of a recording: its time is likely in another unit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedLength:
    """How long a transcript is, and whether the times in it fit that."""

    length: timedelta
    fits: bool


def span_of(end: timedelta, *, measured: timedelta | None, stated: timedelta | None) -> ClaimedLength:
    """Judge the time at which the last word ends by our measure of the recording, and without one by the provider's.

    Times that reach far beyond it are not squeezed: the transcript is as long as they say.
    """
    length = measured or stated
    if not length:
        return ClaimedLength(length=max(end, timedelta(0)), fits=True)
    if end > length * (1 + SHARE) + SLACK:
        return ClaimedLength(length=end, fits=False)
    return ClaimedLength(length=length, fits=end >= length * FAR_BELOW)


def known(label: str | None) -> str | None:
    """Give the label of a known voice; None where the provider says in one way or another that it cannot tell.

    Letter case, white space, underscores, hyphens and signs around it do not matter ("<UNKNOWN_SPEAKER>", "?").
    """
    text = (label or "").strip()
    plain = re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", text).casefold())
    return None if re.sub(r"^\W+|\W+$", "", plain) in UNKNOWN else text
