"""The languages that Botlhale AI transcribes, and what it does not do in some of them. Pure.

Source: the table of the vendor's page "Languages". Codes are the vendor's own and passed on as they are.
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
"""Those that can be chosen."""

UNDETECTED: Final = ("sw-KE", "ki-KE", "ka-KE", "rw-RW")
"""Those that are found only where they are chosen: the table has no automatic identification for them."""

WITHOUT_SPEAKERS: Final = frozenset({"rw-RW"})
"""Those in which speakers are not told apart."""


def is_among(language: str, codes: Collection[str]) -> bool:
    """Whether it is one of these codes, however it is written."""
    return language.strip().replace("_", "-").casefold() in {code.casefold() for code in codes}
