"""What must be done now and then, whatever the jobs do: clocks, rows and folders that nobody needs any more."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.clock import Clock
from bot.worker.claim import LEASE
from bot.worker.tools import Tools
from storage import claiming, forgetting, inbox, jobs, passages, search
from storage.database import StorageUnavailable

_log = structlog.get_logger()

OFTEN = timedelta(minutes=1)
SELDOM = timedelta(hours=1)
CLEARING = timedelta(days=1)
"""How long the index may keep letters of what was removed: it is rewritten for that."""

REGRET = timedelta(days=1)
"""How long after the app was removed everything is still there: a token that is changed is revoked, too."""

KEPT_FOR_REPEATS = timedelta(days=2)
"""Slack repeats an event for up to a day, with Delayed Events on."""


class Housekeeping:
    """Keeps house for one process; several on one database do no harm to each other."""

    def __init__(self, tools: Tools, *, clock: Clock) -> None:
        self._tools = tools
        self._clock = clock
        self._cleared: datetime | None = None

    async def run(self) -> None:
        """Keep house until cancelled."""
        while True:
            await self.keep_seldom()
            for _ in range(SELDOM // OFTEN):
                await self._often()
                await asyncio.sleep(OFTEN.total_seconds())

    async def set_clock(self) -> None:
        """Go by the database's clock, where several machines share it."""
        await self._clock.agree(self._tools.database)

    async def _often(self) -> None:
        with suppress(StorageUnavailable, OSError):  # the folder may be away for a while, too
            await self.set_clock()
            now = self._clock()
            await self._tools.database.write(lambda tx: claiming.pull_back(tx, now=now, lease=LEASE))
            # Another machine may have ended what this one began.
            await self._tools.spool.sweep(self._tools.database)

    async def keep_seldom(self) -> None:
        """What is done every hour."""
        before = self._clock() - KEPT_FOR_REPEATS
        with suppress(StorageUnavailable):
            await self._tools.database.write(lambda tx: inbox.purge(tx, before=before))
            await self._tools.database.write(lambda tx: jobs.purge_left_alone(tx, before=before))
            await self._make_findable()
            await self._forget_the_old()
            await self._clear_the_index()
            await self._forget_the_removed()
            await self._tools.workspaces.keep()

    async def _forget_the_removed(self) -> None:
        """Everything of a workspace that removed the app goes a day later, unless the app is there again."""
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
        """Once a day, rewrite the index without what was removed, in small steps: everybody else goes on in between."""
        if self._cleared is not None and self._clock() < self._cleared + CLEARING:
            return
        self._cleared = self._clock()
        upto, first = await self._tools.database.read(passages.left), True
        while upto and await self._tools.database.write(partial(passages.merge, upto=upto, first=first)):
            first = False

    async def _make_findable(self) -> None:
        """Transcripts that came before they could be searched, a few at a time; where it breaks off it goes on."""
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
