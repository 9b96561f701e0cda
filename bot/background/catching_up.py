"""Catch-up after a gap: recordings that were shared while no events arrived get jobs, oldest first.

Slack repeats an event for a while only, and sends none over a closed socket. So every half minute in which events can
arrive is noted. If the last note is too old, the files since then are listed; one that is known already has its row.
Each place where the app is installed is noted as behind until that is done, so that one for which Slack does not answer
keeps no other one waiting. The same is done for events that Slack dropped (`handlers.rate_limited`), and for those that
could not be stored (`lost`), as soon as they can be.

What could not be stored is known in memory only. So with each of its notes a process vouches that it has lost nothing
so far, and it signs off when it ends in good order. Where one did not, and notes nothing any more, the files since its
last note are looked through: it may have lost something just before it died.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import structlog

from bot.background.missed_files import catch_up
from bot.clock import certain
from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.workspaces import Site
from bot.worker.retries import describe
from bot.worker.tools import Tools
from storage import gaps
from storage.database import StorageUnavailable, Transaction

BEAT = timedelta(seconds=30)
SOON = timedelta(seconds=0.2)
"""Until it is checked again whether events can arrive."""

GAP = timedelta(minutes=2)
"""A longer gap needs a catch-up. A restart takes less, and Slack repeats the events of that time."""

MARGIN = timedelta(minutes=10)
"""The catch-up begins this long before the last note: clocks differ, and events may have been under way, which Slack
repeats for the last time after six minutes.
"""

SETTLED = timedelta(minutes=2)
"""How long after the end of a gap a place is looked through for the last time: Slack drops events for a minute, and
`files.list` may lag behind.
"""

FARTHEST = timedelta(days=7)
"""Recordings older than this get no reply, which would come as a surprise."""

_BEGINNING = datetime(1971, 1, 1, tzinfo=UTC)

_log = structlog.get_logger()


class CatchingUp:
    """`hears` tells whether Slack's events can reach this process now; while they can, that is noted every `beat`."""

    def __init__(
        self,
        tools: Tools,
        *,
        hears: Callable[[], bool] = lambda: True,
        beat: timedelta = BEAT,
        process: str | None = None,
    ) -> None:
        self._tools = tools
        self.process = process or uuid.uuid4().hex
        self.hears = hears
        self._beats = beat
        self._caught_up: set[tuple[str, gaps.Gap]] = set()
        """Teams and the gap that they were caught up after, kept while other teams of their enterprise are not."""
        self._asked: dict[tuple[str, gaps.Gap, bool], set[str]] = {}
        """By team, gap and whether that is settled: the files of which Slack has told everything."""
        self._noted = asyncio.Event()
        self._lost_since: datetime | None = None
        self._new_types: set[str] = set()

    def heard(self, event_type: str) -> None:
        """Note that an event of this type was heard for the first time since the start."""
        self._new_types.add(event_type)

    def lost(self, at: datetime | None = None) -> None:
        """Note that an event of that moment could not be stored: places are caught up from it once that can be stored.

        The moment is by Slack's clock, and unknown of some events.
        """
        moments = (at, self._lost_since, self._now())
        self._lost_since = min(moment for moment in moments if moment is not None)

    async def vouch(self) -> None:
        """Note, before the first event can arrive, that this process has lost nothing. Raises `StorageUnavailable`."""
        await self._tools.database.write(lambda tx: gaps.vouch(tx, self.process, now=self._now()))

    async def sign_off(self) -> None:
        """Take that back after the last event, unless something is lost that could not be noted. Best effort."""
        if self._lost_since is None:
            with suppress(StorageUnavailable):
                await self._tools.database.write(lambda tx: gaps.sign_off(tx, self.process))

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
        database, now, farthest = self._tools.database, self._now(), self._farthest()
        last = await database.read(gaps.last)
        dead = await database.read(lambda tx: gaps.dead(tx, alive=self.process, before=self._silent_before(now)))
        lost_since = self._lost_since
        lost = [*dead.values(), *([lost_since] if lost_since is not None else [])]
        starts = [*lost, *([last] if last is not None and abs(now - last) > GAP else [])]
        # What was noted by a clock that was ahead does not say when that was.
        starts = [start if start <= now + GAP else farthest for start in starts]
        places = [*await self._tools.workspaces.places()] if starts else []
        types = frozenset(self._new_types)

        def note(tx: Transaction) -> None:
            gaps.hear(tx, types, now=now)
            if starts:
                since = max(min(starts) - MARGIN, farthest)
                # From now on, events arrive. What was lost just now, Slack may not list yet.
                gaps.fall_behind(tx, places, since=since, until=now if lost else since)
            for process in dead:
                gaps.sign_off(tx, process)
            gaps.vouch(tx, self.process, now=now)
            gaps.note(tx, now=now)

        await database.write(note)
        self._new_types -= types
        if self._lost_since == lost_since:  # else another one was lost while this was stored
            self._lost_since = None
        if places:
            self._caught_up, self._asked = set(), {}
        self._noted.set()

    def _now(self) -> datetime:
        """Return the time by Slack's clock, if that is known: it is compared with the times of messages."""
        return certain(self._tools.clock) or self._tools.clock()

    def _farthest(self) -> datetime:
        """Return `FARTHEST` ago; where nobody can say what the time is, the beginning of time."""
        now = certain(self._tools.clock)
        return _BEGINNING if now is None else now - FARTHEST

    def _silent_before(self, now: datetime) -> datetime | None:
        """Return what the notes of living processes are not older than; None if no other one can live."""
        return now - GAP if self._tools.database.is_shared else None

    async def _catch_up(self, place: str, gap: gaps.Gap) -> None:
        """Catch up one place; if Slack does not answer, it is retried at the next beat. Other places go on."""
        settled = gap.until < self._now() - SETTLED
        caught_up = self._caught_up if settled else set()
        sites: Sequence[Site] = ()
        try:
            sites = await self._tools.workspaces.sites(place)
        except (SlackUnavailable, SlackRefused) as error:
            done = _is_left(place, error)
        else:
            done = all([await self._look_through(site, gap, settled=settled, caught_up=caught_up) for site in sites])
        # What begins at the beginning of time was noted when nobody knew the time: it is not that old.
        is_too_old = _BEGINNING < gap.since < self._farthest() - FARTHEST
        if is_too_old or (done and settled and caught_up is self._caught_up):
            await self._tools.database.write(lambda tx: gaps.caught_up(tx, place, upto=gap.until))
            teams = {site.team for site in sites}
            self._asked = {look: files for look, files in self._asked.items() if look[0] not in teams}

    async def _look_through(
        self, site: Site, gap: gaps.Gap, *, settled: bool, caught_up: set[tuple[str, gaps.Gap]]
    ) -> bool:
        """Catch up one workspace; return whether that is done, or need not be retried."""
        if (site.team, gap) not in caught_up:
            asked = self._asked.setdefault((site.team, gap, settled), set())
            try:
                if certain(self._tools.clock) is None:
                    await site.workspace.identify(refresh=True)  # the answer says what the time is
                if certain(self._tools.clock) is None:
                    return False
                since = max(gap.since, self._farthest(), site.since or gap.since)
                recordings = await catch_up(site, self._tools, since=since, asked=asked)
            except (SlackUnavailable, SlackRefused) as error:
                if not _is_left(site.team, error):
                    return False
            else:
                _log.info("catch_up_done", recordings=recordings)
            caught_up.add((site.team, gap))
        return True


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
