"""Build a person's App Home: their recordings, usage this month, settings, help. Pure.

The page does not depend on the time of day, since Slack renders the age of recordings. So an unchanged page need not be
published again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View

from handlers import listing, words
from handlers.action_ids import CANCEL, MY_SETTINGS, RETRY, WORKSPACE_SETTINGS
from storage.job import WORTH_A_TRY, Job, Reason
from transcription.naming import shortened

LOOKED_AT = 40
"""Newest recordings of a person that are read for the page."""

IN_WORK, LATELY = 15, 10
"""Recordings shown at most under each heading. With two blocks each they stay within Slack's limit of 100 blocks."""

_LABEL_LENGTH = 75

_WORTH_A_TRY = WORTH_A_TRY | {Reason.CANCELLED, Reason.NOT_A_MEMBER, Reason.ON_REQUEST}
"""The page also offers a retry for recordings that got no reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """Usage of a person this month: length by provider title, the `limit`, and the day on which the month `ends`."""

    used: Sequence[tuple[str, timedelta]]
    limit: timedelta | None
    ends: date


def page(jobs: Sequence[Job], month: Month, viewer: listing.Viewer, *, may_manage: bool) -> View:
    """Return the page of the person who shared `jobs` (newest first). `may_manage`: they are a workspace admin."""
    sections = [
        *(_recordings(jobs, viewer) if jobs else _lines(words.HOW_TO_BEGIN)),
        *_usage(month),
        *_settings(may_manage=may_manage),
        _heading(words.HELP_HEADING),
        *_lines(words.HELP),
    ]
    return View(type="home", blocks=sections)


def _recordings(jobs: Sequence[Job], viewer: listing.Viewer) -> Iterator[Block]:
    in_work = [job for job in jobs if job.state.is_open]
    lately = [job for job in jobs if not job.state.is_open]
    yield _heading(words.IN_WORK)
    if not in_work:
        yield from _lines(words.NOTHING_IN_WORK)
    for job in in_work[:IN_WORK]:
        yield from _recording(job, viewer)
    if len(in_work) > IN_WORK:
        yield from _lines(words.MORE_IN_WORK)
    if lately:
        yield _heading(words.LATELY)
    for job in lately[:LATELY]:
        yield from _recording(job, viewer)


def _recording(job: Job, viewer: listing.Viewer) -> Iterator[Block]:
    yield from listing.as_blocks([listing.entry(job, viewer)])
    if job.state.can_be_cancelled:
        yield _button(words.CANCEL, CANCEL, job)
    elif _is_worth_a_try(job):
        yield _button(words.RETRY, RETRY, job)


def _is_worth_a_try(job: Job) -> bool:
    if job.state.is_open or job.forgotten or job.failure is None:
        return False
    return job.failure.reason in _WORTH_A_TRY


def _usage(month: Month) -> Iterator[Block]:
    total = sum((length for _, length in month.used), start=timedelta(0))
    yield _heading(words.THIS_MONTH)
    alone = month.used[0][0] if len(month.used) == 1 else None
    each = () if alone else (words.used_with(provider, length) for provider, length in month.used)
    yield from _lines(words.used(total, by=alone, limit=month.limit, until=month.ends), *each)


def _settings(*, may_manage: bool) -> Iterator[Block]:
    buttons = [(words.MY_SETTINGS_BUTTON, MY_SETTINGS)]
    if may_manage:
        buttons.append((words.WORKSPACE_SETTINGS_BUTTON, WORKSPACE_SETTINGS))
    yield _heading(words.SETTINGS)
    yield ActionsBlock(
        elements=[ButtonElement(text=_plain(text), action_id=action, value=action) for text, action in buttons]
    )


def _button(text: str, action: str, job: Job) -> Block:
    label = shortened(words.button_for(text, title=listing.title(job)), limit=_LABEL_LENGTH)
    return ActionsBlock(
        elements=[ButtonElement(text=_plain(text), action_id=action, value=job.id, accessibility_label=label)]
    )


def _heading(text: str) -> Block:
    return HeaderBlock(text=_plain(text))


def _lines(*texts: str) -> Sequence[Block]:
    return listing.as_blocks([[listing.Piece(text=text)] for text in texts])


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
