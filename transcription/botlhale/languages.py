"""The languages that Botlhale AI transcribes, and which features it lacks for some of them. Pure.

Source: the table on the vendor's page "Languages". Codes are the vendor's own and are passed on unchanged.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

LANGUAGES: Final = (
    "af-ZA",
    "en-ZA",
    "nso-ZA",
    "st-ZA",
    "tn-ZA",
    "ts-ZA",
    "vr-ZA",
    "xh-ZA",
    "zu-ZA",
    "sw-KE",
    "ki-KE",
    "ka-KE",
    "rw-RW",
)
"""The languages that a user can choose."""

UNDETECTED: Final = ("sw-KE", "ki-KE", "ka-KE", "rw-RW")
"""Languages that must be chosen: the table lists no automatic language identification for them."""

WITHOUT_SPEAKERS: Final = frozenset({"rw-RW"})
"""Languages without diarization."""


def is_among(language: str, codes: Collection[str]) -> bool:
    """Return whether `language` is one of these codes, ignoring case and `_` or `-`."""
    return language.strip().replace("_", "-").casefold() in {code.casefold() for code in codes}
