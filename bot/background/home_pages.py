"""Keeps App Homes current while people look at them: docs/decisions/0018.

A page is published at once when it is opened. For a while after that, the database is polled every two seconds, and a
page is published again if it has changed. Nothing is done while no page is open, and nothing is stored: a page that
could not be published is retried while it is open, and when it is opened again. Each page is a task of its own, so that
a workspace in which Slack is slow delays no other.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from weakref import WeakValueDictionary

import structlog

from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.for_listeners import WorkspaceForListeners
from bot.slack.workspace import Workspace
from bot.worker.quotas import month_of, next_month
from bot.worker.tools import Tools
from handlers.actor import Actor
from handlers.home_page import RECENT, Month, looked_at, page
from handlers.listing import Viewer
from handlers.responses import SlackNotReached
from storage import job_lists, usage
from storage.database import StorageUnavailable, Transaction
from storage.job import Job

EVERY = timedelta(seconds=2)
"""Between two polls of the database, and so between two changes of a page."""

WATCHED_FOR = timedelta(minutes=15)
"""How long a page is kept current after it was opened: Slack does not tell when it is closed."""

PEOPLE = 500
"""Pages that this process keeps current at most; beyond that, the workspace with the most loses its oldest."""

ASKED_ABOUT = 50
"""Pages in one refresh at most; if there are more, they take turns."""

CHANGES = 2
"""Pages changed in one refresh in one workspace: sixty a minute. Slack allows a hundred, and the rest is for pages that
are opened. https://docs.slack.dev/reference/methods/views.publish
"""

OPENINGS = 8
"""Opened pages that are published at the same time in one workspace."""

QUESTIONS = 2
"""Pages that read the database at the same time: its other connections are for the jobs."""

PATIENCE = 5.0
"""Seconds for a page; after a third of them it is published without what only admins find on it."""

_DATABASE = ""
"""Stands for the database in `_troubles`, beside the ids of workspaces."""

Show = Callable[[], Awaitable[None]]

_NEVER = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Home:
    """The data of a page, and how many recent recordings it shows."""

    jobs: Sequence[Job]
    month: Month
    recent: int


@dataclass(kw_only=True, slots=True)
class _OpenPage:
    """An open page: whose it is, and until when it is kept current.

    `knows`: hash of its data when it was last read. `sees`: hash of the page as published, None before that; most
    changes of the data do not show on it. `asked_at`: when it was last refreshed. `in_hand`: it is being published.
    `recent`: how many recent recordings the person asked for.
    """

    by: Actor
    until: datetime = _NEVER
    may_manage: bool | None = None
    knows: int | None = None
    sees: bytes | None = None
    shown_at: datetime = _NEVER
    asked_at: datetime = _NEVER
    in_hand: bool = False
    recent: int = RECENT


class HomePages:
    """The open App Homes of one process that receives Slack's events."""

    def __init__(self, tools: Tools, *, patience: float = PATIENCE) -> None:
        self._tools = tools
        self._patience = patience
        self._questions = asyncio.Semaphore(QUESTIONS)
        self._open_pages: dict[Actor, _OpenPage] = {}
        self._opened = asyncio.Event()
        self._openings: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._troubles: dict[str, str] = {}

    def opened(self, actor: Actor) -> None:
        """Publish the person's page, whatever was published before, and keep it current from now on."""
        entry = self._open_pages.get(actor)
        if entry and not entry.in_hand and self._tools.clock() - entry.shown_at >= EVERY:  # else shown just now
            del self._open_pages[actor]
        self.pressed(actor)

    def pressed(self, actor: Actor) -> None:
        """Keep the person's page current from now on; publish it if it was not kept current."""
        entry = self._open_pages.pop(actor, None) or _OpenPage(by=actor)
        entry.until = self._tools.clock() + WATCHED_FOR
        self._open_pages[actor] = entry
        if len(self._open_pages) > PEOPLE:
            [(most, _)] = Counter(each.team for each in self._open_pages).most_common(1)
            del self._open_pages[next(each for each in self._open_pages if each.team == most)]
        self._opened.set()

    def show_more(self, actor: Actor, recent: int) -> None:
        """Publish the person's page with so many recent recordings, and keep it current with as many."""
        self.pressed(actor)
        entry = self._open_pages[actor]
        entry.recent = recent
        if not entry.in_hand:  # else it is published anew by the next refresh
            entry.sees = None

    async def run(self) -> None:
        """Keep the pages current until cancelled."""
        clock = asyncio.get_running_loop().time
        due = clock()
        async with asyncio.TaskGroup() as pages:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due if self._open_pages else None):
                        await self._opened.wait()
                self._opened.clear()
                pages.create_task(self.welcome())
                if clock() >= due:
                    pages.create_task(self.refresh())
                    due = clock() + EVERY.total_seconds()

    async def welcome(self) -> None:
        """Publish the pages that were opened and not published since."""
        new = [entry for entry in self._open_pages.values() if entry.sees is None and not entry.in_hand]
        await asyncio.gather(*[self._in_hand(entry, partial(self._welcome, entry)) for entry in new])

    async def refresh(self) -> None:
        """Publish again the pages whose data has changed, a few at a time."""
        now = self._tools.clock()
        self._open_pages = {actor: entry for actor, entry in self._open_pages.items() if entry.until > now}
        changes = Counter[str]()
        await asyncio.gather(
            *[self._in_hand(entry, partial(self._refresh, entry, changes)) for entry in self._next_pages()]
        )

    def _next_pages(self) -> list[_OpenPage]:
        """Return the pages to refresh: the longest ago first, one of each workspace before any second one."""
        seeing = [entry for entry in self._open_pages.values() if entry.sees is not None and not entry.in_hand]
        before, places = Counter[str](), dict[Actor, int]()
        for entry in sorted(seeing, key=lambda entry: entry.asked_at):
            places[entry.by] = before[entry.by.team]
            before[entry.by.team] += 1
        return [self._open_pages[by] for by in sorted(places, key=lambda by: places[by])][:ASKED_ABOUT]

    def _in_hand(self, entry: _OpenPage, show: Show) -> Awaitable[None]:
        """Mark the page as in hand at once; await the result to publish it."""
        entry.in_hand = True
        return self._shown(entry, show)

    async def _shown(self, entry: _OpenPage, show: Show) -> None:
        try:
            await show()
        except (SlackRefused, SlackNotAuthorised) as error:
            self._leave(entry)  # a retry would fail, too
            self._tell(entry.by.team, error)
        except (SlackUnavailable, TimeoutError) as error:
            self._tell(entry.by.team, error)
        except StorageUnavailable as error:
            self._tell(_DATABASE, error)
        except Exception as error:  # noqa: BLE001 - best effort: a bug in a page must not stop the bot
            self._leave(entry)
            _log.error("home_page_error", error=type(error).__name__)
        finally:
            entry.in_hand = False

    def _leave(self, entry: _OpenPage) -> None:
        if self._open_pages.get(entry.by) is entry:
            del self._open_pages[entry.by]

    async def _welcome(self, entry: _OpenPage) -> None:
        gate = self._openings.setdefault(entry.by.team, asyncio.Semaphore(OPENINGS))
        async with gate, asyncio.timeout(self._patience):
            if entry.may_manage is None:
                with suppress(SlackNotReached, TimeoutError):
                    async with asyncio.timeout(self._patience / 3):
                        workspace = WorkspaceForListeners(self._workspace_of(entry))
                        entry.may_manage = await workspace.is_admin(entry.by.user)
            home = await self._home_of(entry)
            await self._show(entry, home, self._drawn(home, entry))

    async def _refresh(self, entry: _OpenPage, changes: Counter[str]) -> None:
        async with asyncio.timeout(self._patience):
            home = await self._home_of(entry)
            if changes[entry.by.team] >= CHANGES:
                return  # these pages come first in the next refresh
            entry.asked_at = self._tools.clock()
            if entry.knows == hash(home):
                return
            view = self._drawn(home, entry)
            if _hash(view) == entry.sees:
                entry.knows = hash(home)
                return
            changes[entry.by.team] += 1
            await self._show(entry, home, view)

    async def _home_of(self, entry: _OpenPage) -> _Home:
        now = self._tools.clock()
        async with self._questions:
            recent = entry.recent
            return await self._tools.database.read(lambda tx: self._home(tx, entry.by, recent, now=now))

    def _home(self, tx: Transaction, actor: Actor, recent: int, *, now: datetime) -> _Home:
        team, organisation, person, since = actor.team, actor.organisation, actor.user, month_of(now)
        limit = self._tools.settings.person_minutes
        used = usage.of_person_by_provider(tx, team=team, user=person, since=since, organisation=organisation)
        return _Home(
            jobs=tuple(
                job_lists.of_person(tx, team=team, user=person, limit=looked_at(recent), organisation=organisation)
            ),
            recent=recent,
            month=Month(
                used=tuple((self._tools.title_of(provider), length) for provider, length in used.items()),
                limit=timedelta(minutes=limit) if limit is not None else None,
                ends=next_month(now).date(),
            ),
        )

    async def _show(self, entry: _OpenPage, home: _Home, view: dict[str, object]) -> None:
        await self._workspace_of(entry).publish_home(entry.by.user, view)
        entry.shown_at = self._tools.clock()
        entry.knows, entry.sees = hash(home), _hash(view)
        for where in (entry.by.team, _DATABASE):
            self._troubles.pop(where, None)

    def _drawn(self, home: _Home, entry: _OpenPage) -> dict[str, object]:
        identity = self._workspace_of(entry).identity
        viewer = Viewer(
            now=self._tools.clock(),
            provider_title=lambda job: self._tools.transcriber_of(job).title,
            workspace_url=identity.url if identity else "",
            person=entry.by.user,
        )
        may_manage = bool(entry.may_manage)
        return page(home.jobs, home.month, viewer, may_manage=may_manage, recent=home.recent).to_dict()

    def _workspace_of(self, entry: _OpenPage) -> Workspace:
        return self._tools.workspaces.of(team=entry.by.team, enterprise=entry.by.enterprise)

    def _tell(self, where: str, error: Exception) -> None:
        """Log trouble once for each kind, in a workspace or with the database."""
        why = str(error) or type(error).__name__
        if self._troubles.get(where) != why:
            self._troubles[where] = why
            _log.warning("home_page_not_published", error=why)


def _hash(view: dict[str, object]) -> bytes:
    return hashlib.sha256(json.dumps(view).encode()).digest()
