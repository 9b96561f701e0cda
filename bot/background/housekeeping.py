"""Regular upkeep: clocks, and the deletion of rows, transcripts and folders that are not needed any more."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.clock import Clock
from bot.worker.claim import LEASE
from bot.worker.tools import Tools
from storage import claiming, deletions, forgetting, inbox, jobs, passages, search
from storage.database import StorageUnavailable

_log = structlog.get_logger()

OFTEN = timedelta(minutes=1)
SELDOM = timedelta(hours=1)
CLEARING = timedelta(days=1)
"""How long the search index may keep pieces of deleted transcripts; then it is rewritten without them."""

REGRET = timedelta(days=1)
"""How long all data is kept after the app seems removed: token rotation revokes tokens, too."""

KEPT_FOR_REPEATS = timedelta(days=2)
"""Slack repeats an event for up to a day, with Delayed Events on."""


class Housekeeping:
    """The upkeep of one process; several processes on one database do not disturb each other."""

    def __init__(self, tools: Tools, *, clock: Clock) -> None:
        self._tools = tools
        self._clock = clock
        self._cleared: datetime | None = None

    async def run(self) -> None:
        """Do the upkeep every minute and every hour, until cancelled."""
        while True:
            await self.keep_seldom()
            for _ in range(SELDOM // OFTEN):
                await self._often()
                await asyncio.sleep(OFTEN.total_seconds())

    async def set_clock(self) -> None:
        """Set the clock to the database's, if several machines share the database."""
        await self._clock.agree(self._tools.database)

    async def _often(self) -> None:
        with suppress(StorageUnavailable, OSError):  # the spool folder may be unavailable, too
            await self.set_clock()
            now = self._clock()
            await self._tools.database.write(lambda tx: claiming.pull_back(tx, now=now, lease=LEASE))
            # Another machine may have ended a job whose folder is here.
            await self._tools.spool.sweep(self._tools.database)

    async def keep_seldom(self) -> None:
        """Do the hourly upkeep."""
        before = self._clock() - KEPT_FOR_REPEATS
        with suppress(StorageUnavailable):
            await self._tools.database.write(lambda tx: inbox.purge(tx, before=before))
            await self._tools.database.write(lambda tx: jobs.purge_left_alone(tx, before=before))
            await self._tools.database.write(lambda tx: deletions.purge(tx, before=before))
            await self._make_findable()
            await self._forget_the_old()
            await self._clear_the_index()
            await self._forget_the_removed()
            await self._tools.workspaces.keep()

    async def _forget_the_removed(self) -> None:
        """Delete all data of workspaces that removed the app a day ago, unless it was installed again."""
        asked = self._clock()
        places = await self._tools.database.read(forgetting.removals)
        found = await self._tools.workspaces.are_gone(places)
        gone = {place for place, is_gone in found.items() if is_gone}
        back, before = set(found) - gone, asked - REGRET
        count = await self._tools.database.write(
            lambda tx: forgetting.settle_removals(tx, gone=gone, back=back, asked=asked, before=before)
        )
        if count:
            _log.warning("workspace_deleted", jobs=count)

    async def _clear_the_index(self) -> None:
        """Once a day, rewrite the search index without deleted text, in small steps that let others write."""
        if self._cleared is not None and self._clock() < self._cleared + CLEARING:
            return
        self._cleared = self._clock()
        upto, first = await self._tools.database.read(passages.left), True
        while upto and await self._tools.database.write(partial(passages.merge, upto=upto, first=first)):
            first = False

    async def _make_findable(self) -> None:
        """Index transcripts from before the search existed, a few at a time; safe to interrupt."""
        total = 0
        while count := await self._tools.database.write(search.catch_up):
            total += count
        if total:
            _log.info("transcripts_indexed", transcripts=total)

    async def _forget_the_old(self) -> None:
        days = self._tools.settings.retention_days
        if days is None:
            return
        before = self._clock() - timedelta(days=days)
        while count := await self._tools.database.write(lambda tx: forgetting.purge(tx, before=before)):
            _log.info("transcripts_expired", transcripts=count)
