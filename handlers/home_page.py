"""Build a person's App Home: their recordings and usage this month. Pure.

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
from handlers.action_ids import HELP, MY_SETTINGS, SEARCH, SHOW_MORE, WORKSPACE_SETTINGS
from handlers.recording_rows import in_progress, needs_attention, row
from storage.job import Job

IN_WORK, ATTENTION = 15, 10
"""Recordings shown at most under the first two headings."""

RECENT, MORE, MOST = 10, 15, 40
"""Recordings shown under the third: at first, more with each press of the button, and at most.

With a block each, all stay within Slack's limits of 100 blocks and 250 kB.
"""

_BAR = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """Usage of a person this month: length by provider title, the `limit`, and the day on which the month `ends`."""

    used: Sequence[tuple[str, timedelta]]
    limit: timedelta | None
    ends: date


def looked_at(recent: int) -> int:
    """Return how many of a person's newest recordings are read for a page with so many recent ones."""
    return IN_WORK + ATTENTION + recent + 5


def page(jobs: Sequence[Job], month: Month, viewer: listing.Viewer, *, may_manage: bool, recent: int = RECENT) -> View:
    """Return the page of the person who shared `jobs` (newest first). `may_manage`: they are a workspace admin.

    `recent`: how many recordings are shown that neither move nor need attention.
    """
    sections = [
        _buttons(may_manage=may_manage),
        *(_recordings(jobs, viewer, recent) if jobs else _lines(words.HOW_TO_BEGIN)),
        *_usage(month),
    ]
    return View(type="home", blocks=sections)


def _buttons(*, may_manage: bool) -> Block:
    shown = [
        (words.SEARCH_BUTTON, SEARCH),
        (words.MY_SETTINGS_BUTTON, MY_SETTINGS),
        *([(words.WORKSPACE_SETTINGS_BUTTON, WORKSPACE_SETTINGS)] if may_manage else []),
        (words.HELP_TITLE, HELP),
    ]
    return ActionsBlock(elements=[_button(text, action, action) for text, action in shown])


def _recordings(jobs: Sequence[Job], viewer: listing.Viewer, recent: int) -> Iterator[Block]:
    moving = [job for job in jobs if in_progress(job)]
    stuck = [job for job in jobs if needs_attention(job)]
    rest = [job for job in jobs if not (in_progress(job) or needs_attention(job))]
    if moving:
        yield _heading(words.IN_WORK)
    yield from (row(job, viewer) for job in moving[:IN_WORK])
    if len(moving) > IN_WORK:
        yield from _lines(words.MORE_IN_WORK)
    if stuck:
        yield _heading(words.NEEDS_ATTENTION)
        yield from (row(job, viewer) for job in stuck[:ATTENTION])
    if len(stuck) > ATTENTION:
        yield from _lines(words.MORE_NEED_ATTENTION)
    if rest:
        yield _heading(words.LATELY)
    shown = min(max(recent, RECENT), MOST)
    yield from (row(job, viewer) for job in rest[:shown])
    # Where as many were read as may be read for it, there may be others that do not move or need attention.
    if len(rest) > shown or len(jobs) >= looked_at(shown):
        more = min(shown + MORE, MOST)
        if more > shown:
            yield ActionsBlock(elements=[_button(words.SHOW_MORE, SHOW_MORE, str(more))])
        else:
            yield from _lines(words.NO_MORE_SHOWN)


def _usage(month: Month) -> Iterator[Block]:
    total = sum((length for _, length in month.used), start=timedelta(0))
    yield _heading(words.THIS_MONTH)
    alone = month.used[0][0] if len(month.used) == 1 else None
    each = () if alone else (words.used_with(provider, length) for provider, length in month.used)
    bar = [listing.Piece(text=f"{_bar(total / month.limit)}  ")] if month.limit else []
    told = listing.with_commands(words.used(total, by=alone, limit=month.limit, until=month.ends))
    yield from listing.as_blocks([[*bar, *told]])
    yield from _lines(*each)


def _bar(part: float) -> str:
    # Something used is never shown as nothing, and what is left never as full.
    full = 0 if part <= 0 else _BAR if part >= 1 else min(max(round(part * _BAR), 1), _BAR - 1)
    return "▓" * full + "░" * (_BAR - full)


def _button(text: str, action: str, value: str) -> ButtonElement:
    return ButtonElement(text=_plain(text), action_id=action, value=value)


def _heading(text: str) -> Block:
    return HeaderBlock(text=_plain(text))


def _lines(*texts: str) -> Sequence[Block]:
    return listing.as_blocks(map(listing.with_commands, texts))


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
