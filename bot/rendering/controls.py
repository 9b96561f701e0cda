"""The buttons and the menu under a reply. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk.models.blocks import Block

from bot.rendering.blocks import buttons, overflow
from handlers import words
from handlers.action_ids import (
    CHANNEL_SETTINGS,
    CORRECT,
    DELETE,
    EXPORT,
    NAME_SPEAKERS,
    RERUN,
    RETRY,
    TRANSCRIPT_MENU,
    UNDO_NAMING,
)


def under_transcript(job: str, *, version: int, has_speakers: bool, is_unnamed: bool, in_direct_message: bool) -> Block:
    """Return what can be done with a transcript. `version`: of its speakers' names, 0 if nobody gave any.

    While it `is_unnamed`, naming its speakers stands out.
    """
    name = [(words.NAME_SPEAKERS, NAME_SPEAKERS, job)] if has_speakers else []
    return buttons(
        *name,
        (words.EXPORT, EXPORT, job),
        primary=NAME_SPEAKERS if is_unnamed else "",
        menu=overflow(TRANSCRIPT_MENU, _options(job, version=version, in_direct_message=in_direct_message)),
    )


def _options(job: str, *, version: int, in_direct_message: bool) -> Iterator[tuple[str, str]]:
    yield words.RERUN_OPTION, f"{job}:{RERUN}"
    yield words.CORRECT, f"{job}:{CORRECT}"
    if version:
        yield words.UNDO_NAMING, f"{job}:{UNDO_NAMING}:{version}"
    settings = words.OWN_SETTINGS if in_direct_message else words.CHANNEL_SETTINGS
    yield settings, f"{job}:{CHANNEL_SETTINGS}"
    yield words.DELETE_TRANSCRIPT, f"{job}:{DELETE}"


def under_failure(job: str, *, is_worth_a_try: bool) -> Block:
    """Return what can be done with a recording that has no transcript."""
    retry = [(words.RETRY, RETRY, job)] if is_worth_a_try else []
    return buttons(*retry, (words.OTHER_WAY, RERUN, job), primary=RETRY)
