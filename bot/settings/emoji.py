"""Names of emoji in the settings, checked at the start: Slack knows no other form, and answers none with an error.

A name is what stands between the colons in Slack (`hourglass`, `+1`, `piñata`). Custom emoji may have letters of any
script. Source: https://slack.com/help/articles/206870177-Add-custom-emoji-and-aliases-to-your-workspace.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

NO_EMOJI: Final = "-"
"""Stands for no emoji, where there may be none."""

_NAME = re.compile(r"(?=.*[^\W_])[\w+-]{1,100}(?:::skin-tone-[2-6])?")
"""Letters, digits, `_`, `-` and `+`, of which one is a letter or a digit; perhaps a colour of skin."""


def emoji_name(value: str) -> str:
    """Return the name without the colons around it. Raises `ValueError` with the fix."""
    name = value.strip().removeprefix(":").removesuffix(":")
    if not _NAME.fullmatch(name) or name != name.lower():
        raise ValueError("write the emoji's name in lower case as Slack shows it between colons, such as hourglass")
    return name


def requesting_emoji(value: str) -> str:
    """Return the name without a colour of skin, because every colour asks, or `NO_EMOJI`. Raises `ValueError`."""
    if value.strip() == NO_EMOJI:
        return NO_EMOJI
    return emoji_name(value).partition("::")[0]


EmojiName = Annotated[str, AfterValidator(emoji_name)]
RequestingEmoji = Annotated[str, AfterValidator(requesting_emoji)]
