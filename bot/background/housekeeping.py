"""Regular upkeep: clocks, and the deletion of rows, transcripts and folders that are not needed any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.clock import Clock
from bot.worker.claim import LEASE
from bot.worker.tools import Tools
from storage import claiming, deletions, forgetting, inbox, jobs, passages, search
from storage.database import StorageUnavailable, Transaction
from storage.job import JobId

_log = structlog.get_logger()

OFTEN = timedelta(seconds=30)
"""Twice within the minute after which nothing of what was deleted is on this machine."""

SELDOM = timedelta(hours=1)
CLEARING = timedelta(days=1)
"""How long a large search index may keep pieces of deleted transcripts; then it is rewritten without them."""

REGRET = timedelta(days=1)
"""How long all data is kept after the app seems removed: token rotation revokes tokens, too."""

FEW = 2
"""Upkeeps in a row after which it is told that deleted text cannot be removed: about a minute."""

SCRUBBINGS = 3
"""Tries to empty the write-ahead log before the next upkeep tries again."""

BETWEEN_SCRUBBINGS = timedelta(seconds=1)

KEPT_FOR_REPEATS = timedelta(days=2)
"""Slack repeats an event for up to a day, with Delayed Events on."""


class Housekeeping:
    """The upkeep of one process; several processes on one database do not disturb each other."""

    def __init__(self, tools: Tools, *, clock: Clock, pause: timedelta = BETWEEN_SCRUBBINGS) -> None:
        self._tools = tools
        self._clock = clock
        self._cleared: datetime | None = None
        self._deletions_are_due = True
        self._pause = pause
        self._unscrubbed = 0

    async def run(self) -> None:
        """Do the upkeep every half minute and every hour, until cancelled."""
        # Apart, because what is done seldom may wait for Slack for minutes.
        async with asyncio.TaskGroup() as group:
            group.create_task(_every(SELDOM, self.keep_seldom))
            group.create_task(_every(OFTEN, self.keep_often))

    async def set_clock(self) -> None:
        """Set the clock to the database's, if several machines share the database."""
        await self._clock.agree(self._tools.database)

    async def keep_often(self) -> None:
        """Do the upkeep of every half minute."""
        with suppress(StorageUnavailable, OSError):  # the spool folder may be unavailable, too
            await self.set_clock()
            now = self._clock()
            await self._tools.database.write(lambda tx: claiming.pull_back(tx, now=now, lease=LEASE))
            await self._make_findable()
            # Another machine may have ended a job whose folder is here.
            await self._tools.spool.sweep(self._tools.database)
            await self._delete_what_is_due()
        with suppress(StorageUnavailable):
            await self._clear_the_index()
            await self._scrub()

    async def keep_seldom(self) -> None:
        """Do the hourly upkeep."""
        self._deletions_are_due = True
        for keep in (self._make_findable, self._delete_what_is_due, self._tools.workspaces.keep):
            with suppress(StorageUnavailable):
                await keep()

    async def _delete_what_is_due(self) -> None:
        """Delete what is old, once an hour, and not before it is certain what the time is."""
        if self._clock.certain() is None:
            # Where nothing else asks Slack anything, this does, and its answer has the time.
            await self._tools.workspaces.are_gone(await self._tools.database.read(forgetting.removals))
        now = self._clock.certain()
        if now is None or not self._deletions_are_due:
            return
        self._deletions_are_due = False  # first, since both upkeeps may come here at the same time
        try:
            await self._delete(now)
        except StorageUnavailable:
            self._deletions_are_due = True
            raise

    async def _delete(self, now: datetime) -> None:
        """Delete whatever can be deleted; raise `StorageUnavailable` at the end if something could not be."""
        before = now - KEPT_FOR_REPEATS
        trouble: StorageUnavailable | None = None
        purges: Sequence[Callable[[], Awaitable[None]]] = (
            lambda: self._in_portions(partial(inbox.purge, before=before)),
            lambda: self._in_portions(partial(jobs.purge_left_alone, before=before)),
            lambda: self._in_portions(partial(deletions.purge, before=before)),
            lambda: self._forget_the_old(now),
            lambda: self._forget_old_titles(now),
            lambda: self._forget_the_removed(now),
        )
        for purge in purges:
            try:
                await purge()
            except StorageUnavailable as error:
                trouble = error
        if trouble is not None:
            raise trouble

    async def _scrub(self) -> None:
        """Leave nothing of what was deleted in the database's files, unless another process reads them all the time."""
        for _ in range(SCRUBBINGS):
            if await self._tools.database.scrub():
                self._unscrubbed = 0
                return
            await asyncio.sleep(self._pause.total_seconds())
        self._unscrubbed += 1
        if self._unscrubbed == FEW:
            _log.warning("deleted_data_remains")

    async def _forget_the_removed(self, now: datetime) -> None:
        """Delete all data of workspaces that removed the app a day ago, unless it was installed again."""
        asked = self._clock()
        places = await self._tools.database.read(forgetting.removals)
        found = await self._tools.workspaces.are_gone(places)
        gone = {place for place, is_gone in found.items() if is_gone}
        back, before = set(found) - gone, now - REGRET
        count = await self._tools.database.write(
            lambda tx: forgetting.settle_removals(tx, gone=gone, back=back, asked=asked, before=before)
        )
        if count:
            _log.warning("workspace_deleted", jobs=count)

    async def _clear_the_index(self) -> None:
        """Rewrite the search index without deleted text, in small steps that let others write.

        A large one is rewritten once a day.
        """
        upto = await self._tools.database.read(passages.left)
        if not upto or not (self._is_time_to_clear() or await self._tools.database.read(passages.is_small)):
            return
        self._cleared, first = self._clock(), True
        while await self._tools.database.write(partial(passages.merge, upto=upto, first=first)):
            first = False

    def _is_time_to_clear(self) -> bool:
        return self._cleared is None or self._clock() >= self._cleared + CLEARING

    async def _make_findable(self) -> None:
        """Index transcripts that are not indexed yet, or not to their end; safe to interrupt."""
        total, before = 0, list[JobId]()
        while (jobs := await self._tools.database.read(search.waiting)) != before:
            for job in jobs:
                await search.index(self._tools.database, job)
            total += len(jobs)
            before = jobs  # what still waits is in the hands of another machine
        if total:
            _log.info("transcripts_indexed", transcripts=total)

    async def _forget_the_old(self, now: datetime) -> None:
        if (days := self._tools.settings.retention_days) is not None:
            purge = partial(forgetting.purge, before=now - timedelta(days=days))
            while count := await self._tools.database.write(purge):
                _log.info("transcripts_expired", transcripts=count)

    async def _forget_old_titles(self, now: datetime) -> None:
        if (days := self._tools.settings.retention_days) is not None:
            await self._in_portions(partial(forgetting.purge_titles, before=now - timedelta(days=days)))

    async def _in_portions(self, purge: Callable[[Transaction], int]) -> None:
        """Delete portion by portion, each in its own transaction, until there is nothing left to delete."""
        while await self._tools.database.write(purge):
            pass


async def _every(span: timedelta, keep: Callable[[], Awaitable[None]]) -> None:
    while True:
        await keep()
        await asyncio.sleep(span.total_seconds())
