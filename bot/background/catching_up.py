"""Catch-up after a gap: recordings that were shared while no events arrived get jobs, oldest first.

Slack repeats an event for a while only, and sends none over a closed socket. So every half minute in which events can
arrive is noted. If the last note is too old, the files since then are listed; one that is known already has its row.
Each place where the app is installed is noted as behind until that is done, so that one for which Slack does not answer
keeps no other one waiting. The same is done for events that Slack dropped (`handlers.rate_limited`), and for those that
could not be stored (`lost`), as soon as they can be.
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
from bot.worker.retries import describe
from bot.worker.tools import Tools
from handlers.shared_files import Likelihood
from storage import channel_homes, gaps, jobs
from storage.database import StorageUnavailable, Transaction
from storage.job import Origin

BEAT = timedelta(seconds=30)
SOON = timedelta(seconds=0.2)
"""Until it is checked again whether events can arrive."""

GAP = timedelta(minutes=2)
"""A longer gap needs a catch-up. A restart takes less, and Slack repeats the events of that time."""

MARGIN = timedelta(minutes=5)
"""The catch-up begins this long before the last note: events may have been under way, and clocks differ."""

SETTLED = timedelta(minutes=2)
"""How long after the end of a gap a place is looked through for the last time: Slack drops events for a minute, and
`files.list` may lag behind.
"""

FARTHEST = timedelta(days=7)
"""Recordings older than this get no reply, which would come as a surprise."""

_log = structlog.get_logger()


class CatchingUp:
    """`hears` tells whether Slack's events can reach this process now; while they can, that is noted every `beat`."""

    def __init__(self, tools: Tools, *, hears: Callable[[], bool] = lambda: True, beat: timedelta = BEAT) -> None:
        self._tools = tools
        self.hears = hears
        self._beats = beat
        self._caught_up: set[tuple[str, gaps.Gap]] = set()
        """Teams and the gap that they were caught up after, kept while other teams of their enterprise are not."""
        self._noted = asyncio.Event()
        self._lost_since: datetime | None = None
        self._new_types: set[str] = set()

    def heard(self, event_type: str) -> None:
        """Note that an event of this type was heard for the first time since the start."""
        self._new_types.add(event_type)

    def lost(self) -> None:
        """Note that an event could not be stored: places are caught up from now on, once that can be stored."""
        if self._lost_since is None:
            self._lost_since = self._tools.clock()

    async def run(self) -> None:
        """Note that events can arrive, and catch up after a gap, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._note())
            group.create_task(self._look())

    async def _note(self) -> None:
        while True:
            hears = self.hears()
            if hears:
                with _logging_trouble():  # what is not noted is tried again
                    await self._beat()
            await asyncio.sleep((self._beats if hears else SOON).total_seconds())

    async def _look(self) -> None:
        """Catch up in a task of its own, so that a slow Slack does not delay the notes."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            with _logging_trouble():
                for place, gap in (await self._tools.database.read(gaps.behind)).items():
                    await self._catch_up(place, gap)

    async def _beat(self) -> None:
        now = self._tools.clock()
        last = await self._tools.database.read(gaps.last)
        heard_at, lost_since = last or now, self._lost_since
        starts = [heard_at] if now - heard_at > GAP else []
        starts += [lost_since] if lost_since is not None else []
        places = [*await self._tools.workspaces.places()] if starts else []

        types = frozenset(self._new_types)

        def note(tx: Transaction) -> None:
            gaps.hear(tx, types, now=now)
            if starts:
                since = max(min(starts) - MARGIN, now - FARTHEST)
                gaps.fall_behind(tx, places, since=since, until=since)  # from now on, events arrive
            gaps.note(tx, now=now)

        await self._tools.database.write(note)
        self._new_types -= types
        if self._lost_since == lost_since:  # else another one was lost while this was stored
            self._lost_since = None
        if places:
            self._caught_up = set()
        self._noted.set()

    async def _catch_up(self, place: str, gap: gaps.Gap) -> None:
        """Catch up one place; if Slack does not answer, it is retried at the next beat. Other places go on."""
        settled = gap.until < self._tools.clock() - SETTLED
        caught_up = self._caught_up if settled else set()
        try:
            sites = await self._tools.workspaces.sites(place)
        except (SlackUnavailable, SlackRefused) as error:
            done = _is_left(place, error)
        else:
            done = all([await self._look_through(site, gap, caught_up=caught_up) for site in sites])
        if gap.since < self._tools.clock() - 2 * FARTHEST or (done and settled and caught_up is self._caught_up):
            await self._tools.database.write(lambda tx: gaps.caught_up(tx, place, upto=gap.until))

    async def _look_through(self, site: Site, gap: gaps.Gap, *, caught_up: set[tuple[str, gaps.Gap]]) -> bool:
        """Catch up one workspace; return whether that is done, or need not be retried."""
        if (site.team, gap) not in caught_up:
            try:
                farthest = self._tools.clock() - FARTHEST
                await self._catch_up_at(site, since=max(gap.since, farthest, site.since or gap.since))
            except (SlackUnavailable, SlackRefused) as error:
                if not _is_left(site.team, error):
                    return False
            caught_up.add((site.team, gap))
        return True

    async def _catch_up_at(self, site: Site, *, since: datetime) -> None:
        workspace = site.workspace
        identity = await workspace.identify()
        found: list[tuple[SlackFile, str, FileSharing]] = []
        for file in await workspace.files(since=since):
            if file.likelihood is not Likelihood.OTHER and file.user != identity.user_id:
                with suppress(SlackRefused):  # deleted meanwhile, or not readable: the other files are still caught up
                    # `files.list` may leave out where a file was shared.
                    found += _sharings(await workspace.file(file.id), since=since)
        found.sort(key=lambda sharing: float(sharing[2].ts))
        added = await self._tools.database.write(lambda tx: _add(tx, found, site, now=self._tools.clock()))
        _log.info("catch_up_done", recordings=added)


@contextmanager
def _logging_trouble() -> Iterator[None]:
    """Log what went wrong. It is tried again, and whatever it is, the bot goes on."""
    try:
        yield
    except (SlackUnavailable, SlackRefused, StorageUnavailable) as error:
        _log.warning("catch_up_failed", error=str(error))
    except Exception as error:  # noqa: BLE001 - what a listener could not store, a catch-up may not be able to either
        _log.error("catch_up_failed", error=describe(error))


def _is_left(place: str, error: SlackUnavailable | SlackRefused) -> bool:
    """Return whether a retry there is of no use."""
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
    """Add jobs for the sharings that are not known, each 1 ms younger than the one before, to keep their order."""
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
        origin = channel_homes.at_home(tx, origin, organisation=site.organisation)
        added += jobs.add(tx, origin=origin, title=file.title or file.name, now=at) is not None
    return added
