"""Monthly quotas, checked with the recording's measured length before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from bot.settings.model import Settings
from bot.worker.tools import Tools
from handlers import words
from storage import usage
from storage.database import Transaction
from storage.job import Job
from transcription.errors import Refused

Used = Callable[[Transaction], timedelta]


def month_of(moment: datetime) -> datetime:
    """Return when the calendar month of `moment` began (UTC)."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(moment: datetime) -> datetime:
    """Return when the next calendar month begins (UTC)."""
    return month_of(month_of(moment) + timedelta(days=32))


async def enforce(job: Job, tools: Tools, *, duration: timedelta) -> None:
    """Raise `Refused`, with the message for the thread, if the recording would exceed a quota."""
    now = tools.clock()
    for limit, whose, used_by in _limits(job, tools.settings, since=month_of(now)):
        used = await tools.database.read(used_by)
        if used + duration > limit:
            sentence = words.over_the_limit(
                whose, used=used, limit=limit, duration=duration, until=next_month(now).date()
            )
            raise Refused("over a limit on spending", sentence=sentence)


def _limits(job: Job, settings: Settings, *, since: datetime) -> Iterator[tuple[timedelta, str, Used]]:
    for minutes, whose, used in (
        (settings.person_minutes, words.OWN_LIMIT, usage.of_person),
        (settings.channel_minutes, words.CHANNEL_LIMIT, usage.of_channel),
        (settings.workspace_minutes, words.WORKSPACE_LIMIT, usage.of_workspace),
    ):
        if minutes is not None:
            yield timedelta(minutes=minutes), whose, lambda tx, used=used: used(tx, job, since=since)  # type: ignore[misc]
