"""What was shared while nobody heard Slack is picked up once somebody does: oldest first, nothing twice.

Slack repeats an event for a while and then no more, and over a socket that is closed it sends none. So it is noted
every half minute that Slack is heard; where the last note is older than that, the files of the time between are looked
through. One that is known already meets its own row. Each place where the app is installed is noted until that is done,
so that one which Slack says nothing about now keeps no other one waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import structlog

from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.objects import FileSharing, SlackFile
from bot.slack.workspaces import Site
from bot.worker.tools import Tools
from storage import gaps, jobs
from storage.database import StorageUnavailable, Transaction
from storage.job import Origin

BEAT = timedelta(seconds=30)
SOON = timedelta(seconds=0.2)
"""Until it is asked again whether Slack is heard yet."""

GAP = timedelta(minutes=2)
"""A restart takes less, and what Slack tells meanwhile it repeats."""

MARGIN = timedelta(minutes=5)
"""Before the last note: events may have been under way, and Slack's clock is another one."""

FARTHEST = timedelta(days=7)
"""Whoever was away for longer is not answered by surprise."""

_log = structlog.get_logger()


class CatchingUp:
    """`hears` tells whether Slack's events reach this process now; while they do, that is noted every `beat`."""

    def __init__(self, tools: Tools, *, hears: Callable[[], bool], beat: timedelta = BEAT) -> None:
        self._tools = tools
        self._hears = hears
        self._beats = beat
        self._caught_up: set[str] = set()
        """The teams that were looked through since the last gap, while others of their organisation are waited for."""
        self._noted = asyncio.Event()

    async def run(self) -> None:
        """Note that Slack is heard, and catch up after a gap, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._note())
            group.create_task(self._look())

    async def _note(self) -> None:
        while True:
            hears = self._hears()
            if hears:
                with _told():  # what is not noted is tried again
                    await self._beat()
            await asyncio.sleep((self._beats if hears else SOON).total_seconds())

    async def _look(self) -> None:
        """By itself: however long Slack takes, that it is heard is noted."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            with _told():
                for place, since in (await self._tools.database.read(gaps.behind)).items():
                    await self._catch_up(place, since=since)

    async def _beat(self) -> None:
        now = self._tools.clock()
        last = await self._tools.database.read(gaps.last)
        since, places = now, list[str]()
        if last is not None and now - last > GAP:
            since, places = max(last - MARGIN, now - FARTHEST), [*await self._tools.workspaces.places()]

        def note(tx: Transaction) -> None:
            gaps.fall_behind(tx, places, since=since)
            gaps.note(tx, now=now)

        await self._tools.database.write(note)
        if places:
            self._caught_up = set()
        self._noted.set()

    async def _catch_up(self, place: str, *, since: datetime) -> None:
        """One place; where Slack is away, at the next beat again. No other place waits for it."""
        caught_up = self._caught_up
        try:
            sites = await self._tools.workspaces.sites(place)
        except (SlackUnavailable, SlackRefused) as error:
            done = _is_left(place, error)
        else:
            done = all([await self._look_through(site, since=since, caught_up=caught_up) for site in sites])
        if since < self._tools.clock() - 2 * FARTHEST or (done and caught_up is self._caught_up):
            await self._tools.database.write(lambda tx: gaps.caught_up(tx, place))

    async def _look_through(self, site: Site, *, since: datetime, caught_up: set[str]) -> bool:
        """Whether that is done, or need not be tried again."""
        if site.team not in caught_up:
            try:
                farthest = self._tools.clock() - FARTHEST
                await self._catch_up_at(site, since=max(since, farthest, site.since or since))
            except (SlackUnavailable, SlackRefused) as error:
                if not _is_left(site.team, error):
                    return False
            caught_up.add(site.team)
        return True

    async def _catch_up_at(self, site: Site, *, since: datetime) -> None:
        workspace = site.workspace
        identity = await workspace.identify()
        found: list[tuple[SlackFile, str, FileSharing]] = []
        for file in await workspace.files(since=since):
            if file.looks_like_a_recording and file.user != identity.user_id:
                with suppress(SlackRefused):  # deleted just now, or not for us: the others are answered all the same
                    # The list need not say where a file was shared.
                    found += _sharings(await workspace.file(file.id), since=since)
        found.sort(key=lambda sharing: float(sharing[2].ts))
        added = await self._tools.database.write(lambda tx: _add(tx, found, site, now=self._tools.clock()))
        _log.info("catch_up_done", recordings=added)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (SlackUnavailable, SlackRefused, StorageUnavailable) as error:
        _log.warning("catch_up_failed", error=str(error))


def _is_left(place: str, error: SlackUnavailable | SlackRefused) -> bool:
    """Whether it is of no use to ask there again."""
    if isinstance(error, SlackRefused) or (isinstance(error, SlackNotAuthorised) and error.is_removal):
        _log.warning("catch_up_impossible", place=place, error=str(error))
        return True
    _log.warning("catch_up_failed", place=place, error=str(error))
    return False


def _sharings(file: SlackFile, *, since: datetime) -> Iterator[tuple[SlackFile, str, FileSharing]]:
    for channel in {*file.shares.public, *file.shares.private}:
        for place in file.places(channel):
            if float(place.ts) >= since.timestamp():
                yield file, channel, place


def _add(tx: Transaction, found: Sequence[tuple[SlackFile, str, FileSharing]], site: Site, *, now: datetime) -> int:
    """Keep those that are not known; each a little younger than the one before, so that they stay in order."""
    added = 0
    for number, (file, channel, place) in enumerate(found):
        origin = Origin(
            enterprise=site.enterprise,
            team=site.team,
            channel=channel,
            file=file.id,
            occasion=place.ts,
            thread=place.root,
            user=place.share_user_id or file.user or "",
        )
        at = now + number * timedelta(milliseconds=1)
        added += jobs.add(tx, origin=origin, title=file.title or file.name, now=at) is not None
    return added
