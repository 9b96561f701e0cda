"""Where provider bodies become typed values: what the models of both providers agree on.

A provider's body is somebody else's text: unknown fields are ignored, numbers are finite and bounded, and what
cannot be read is `Misunderstood` with the body kept apart from the message. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

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

Moment = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
"""A point in the recording, in the provider's unit; the bounds keep arithmetic with it from overflowing."""

# PostgreSQL keeps no NUL in a text, and no language needs one.
Words = Annotated[str, AfterValidator(lambda text: text.replace("\x00", ""))]
"""Text that a person may read."""


def milliseconds(value: float) -> timedelta:
    """Round to whole milliseconds, which is as fine as transcripts are kept."""
    return timedelta(milliseconds=round(value))


UNKNOWN = frozenset({"", "unknown", "unknown speaker", "speaker unknown", "unk", "n/a", "none", "null"})
"""How providers write that they cannot tell whose voice it is, in the spelling that `known` compares."""


def known(label: str | None) -> str | None:
    """Give the label of a known voice; None where the provider says in one way or another that it cannot tell.

    Letter case, white space, underscores, hyphens and signs around it do not matter ("<UNKNOWN_SPEAKER>", "?").
    """
    text = (label or "").strip()
    plain = re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", text).casefold())
    return None if re.sub(r"^\W+|\W+$", "", plain) in UNKNOWN else text
