"""Keeps the App Homes of those who look at theirs as their recordings are: docs/decisions/0018.

Whoever opens theirs is shown it at once. For a while after that the database is asked every other second how their
recordings are, and what has changed is shown anew. Nothing is done while nobody looks, and nothing is stored: what
could not be shown is tried again while they look, and shown when they look again. Each page is a task of its own, so
that a workspace in which Slack is slow holds up no other.
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
from handlers.home_page import LOOKED_AT, Month, page
from handlers.listing import Viewer
from handlers.responses import SlackNotReached
from storage import job_lists, usage
from storage.database import StorageUnavailable, Transaction
from storage.job import Job

EVERY = timedelta(seconds=2)
"""Between two looks at the recordings of those who look, and so between two changes of anybody's page."""

LOOKS = timedelta(minutes=15)
"""For so long after it was opened a page is looked after: Slack does not tell when it is left."""

PEOPLE = 500
"""So many are looked after by this process; where more look, the workspace with the most gives up its first."""

ASKED_ABOUT = 50
"""People in one look at the database; where more look, they take turns."""

CHANGES = 2
"""Pages changed after one look in one workspace: sixty a minute. Slack takes a hundred, and the others are for those
who open theirs. https://docs.slack.dev/reference/methods/views.publish
"""

OPENINGS = 8
"""Pages that are shown at the same time to those who open theirs in one workspace."""

QUESTIONS = 2
"""Put to the database at the same time: the rest of its hands are for what is owed."""

PATIENCE = 5.0
"""Seconds for a page; after a third of them it is shown without what only admins find on it."""

_DATABASE = ""
"""Where there is trouble, if not in a workspace."""

Show = Callable[[], Awaitable[None]]

_NEVER = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Home:
    """What somebody's page is made of."""

    jobs: Sequence[Job]
    month: Month


@dataclass(kw_only=True, slots=True)
class _Look:
    """Somebody's looking: by whom, until when, what they see (nothing yet), and when they had their last turn.

    `knows` is the hash of what the page was made of, `sees` that of the page itself: most of what changes is not on it.
    `in_hand`: their page is being made or shown.
    """

    by: Actor
    until: datetime = _NEVER
    may_manage: bool | None = None
    knows: int | None = None
    sees: bytes | None = None
    shown_at: datetime = _NEVER
    asked_at: datetime = _NEVER
    in_hand: bool = False


class HomePages:
    """One for each process that hears Slack."""

    def __init__(self, tools: Tools, *, patience: float = PATIENCE) -> None:
        self._tools = tools
        self._patience = patience
        self._questions = asyncio.Semaphore(QUESTIONS)
        self._looks: dict[Actor, _Look] = {}
        self._opened = asyncio.Event()
        self._openings: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._troubles: dict[str, str] = {}

    def opened(self, actor: Actor) -> None:
        """Show them their page, whatever they have seen before, and look after it from now on."""
        look = self._looks.get(actor)
        if look and not look.in_hand and self._tools.clock() - look.shown_at >= EVERY:  # else it was shown just now
            del self._looks[actor]
        self.pressed(actor)

    def pressed(self, actor: Actor) -> None:
        """Look after their page from now on; show it, if it was left alone meanwhile."""
        look = self._looks.pop(actor, None) or _Look(by=actor)
        look.until = self._tools.clock() + LOOKS
        self._looks[actor] = look
        if len(self._looks) > PEOPLE:
            [(most, _)] = Counter(each.team for each in self._looks).most_common(1)
            del self._looks[next(each for each in self._looks if each.team == most)]
        self._opened.set()

    async def run(self) -> None:
        """Look after the pages until cancelled."""
        clock = asyncio.get_running_loop().time
        due = clock()
        async with asyncio.TaskGroup() as pages:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due if self._looks else None):
                        await self._opened.wait()
                self._opened.clear()
                pages.create_task(self.welcome())
                if clock() >= due:
                    pages.create_task(self.refresh())
                    due = clock() + EVERY.total_seconds()

    async def welcome(self) -> None:
        """Show their pages to those who have not seen them since they opened them."""
        new = [look for look in self._looks.values() if look.sees is None and not look.in_hand]
        await asyncio.gather(*[self._in_hand(look, partial(self._welcome, look)) for look in new])

    async def refresh(self) -> None:
        """Show their pages anew to those whose recordings have moved, a few at a time."""
        now = self._tools.clock()
        self._looks = {actor: look for actor, look in self._looks.items() if look.until > now}
        changes = Counter[str]()
        await asyncio.gather(*[self._in_hand(look, partial(self._refresh, look, changes)) for look in self._turn()])

    def _turn(self) -> list[_Look]:
        """Who is asked about: whose last turn is longest ago, one of each workspace before anybody's second."""
        seeing = [look for look in self._looks.values() if look.sees is not None and not look.in_hand]
        before, places = Counter[str](), dict[Actor, int]()
        for look in sorted(seeing, key=lambda look: look.asked_at):
            places[look.by] = before[look.by.team]
            before[look.by.team] += 1
        return [self._looks[by] for by in sorted(places, key=lambda by: places[by])][:ASKED_ABOUT]

    def _in_hand(self, look: _Look, show: Show) -> Awaitable[None]:
        """To be awaited: from now on it is in hand, until it was shown or could not be."""
        look.in_hand = True
        return self._shown(look, show)

    async def _shown(self, look: _Look, show: Show) -> None:
        try:
            await show()
        except (SlackRefused, SlackNotAuthorised) as error:
            self._leave(look)  # it would be so again
            self._tell(look.by.team, error)
        except (SlackUnavailable, TimeoutError) as error:
            self._tell(look.by.team, error)
        except StorageUnavailable as error:
            self._tell(_DATABASE, error)
        except Exception as error:  # noqa: BLE001 - a page is a courtesy: no bug in one is worth the bot
            self._leave(look)
            _log.error("home_page_error", error=type(error).__name__)
        finally:
            look.in_hand = False

    def _leave(self, look: _Look) -> None:
        if self._looks.get(look.by) is look:
            del self._looks[look.by]

    async def _welcome(self, look: _Look) -> None:
        gate = self._openings.setdefault(look.by.team, asyncio.Semaphore(OPENINGS))
        async with gate, asyncio.timeout(self._patience):
            if look.may_manage is None:
                with suppress(SlackNotReached, TimeoutError):
                    async with asyncio.timeout(self._patience / 3):
                        look.may_manage = await WorkspaceForListeners(self._workspace_of(look)).is_admin(look.by.user)
            home = await self._home_of(look)
            await self._show(look, home, self._drawn(home, look))

    async def _refresh(self, look: _Look, changes: Counter[str]) -> None:
        async with asyncio.timeout(self._patience):
            home = await self._home_of(look)
            if changes[look.by.team] >= CHANGES:
                return  # they come first the next time
            look.asked_at = self._tools.clock()
            if look.knows == hash(home):
                return
            view = self._drawn(home, look)
            if _hash(view) == look.sees:
                look.knows = hash(home)
                return
            changes[look.by.team] += 1
            await self._show(look, home, view)

    async def _home_of(self, look: _Look) -> _Home:
        now = self._tools.clock()
        async with self._questions:
            return await self._tools.database.read(lambda tx: self._home(tx, look.by, now=now))

    def _home(self, tx: Transaction, actor: Actor, *, now: datetime) -> _Home:
        team, person, since = actor.team, actor.user, month_of(now)
        limit = self._tools.settings.person_minutes
        used = usage.of_person_by_provider(tx, team=team, user=person, since=since)
        return _Home(
            jobs=tuple(job_lists.of_person(tx, team=team, user=person, limit=LOOKED_AT)),
            month=Month(
                used=tuple((self._tools.title_of(provider), length) for provider, length in used.items()),
                limit=timedelta(minutes=limit) if limit is not None else None,
                ends=next_month(now).date(),
            ),
        )

    async def _show(self, look: _Look, home: _Home, view: dict[str, object]) -> None:
        await self._workspace_of(look).publish_home(look.by.user, view)
        look.shown_at = self._tools.clock()
        look.knows, look.sees = hash(home), _hash(view)
        for where in (look.by.team, _DATABASE):
            self._troubles.pop(where, None)

    def _drawn(self, home: _Home, look: _Look) -> dict[str, object]:
        identity = self._workspace_of(look).identity
        viewer = Viewer(
            now=self._tools.clock(),
            provider_title=lambda job: self._tools.transcriber_of(job).title,
            workspace_url=identity.url if identity else "",
        )
        return page(home.jobs, home.month, viewer, may_manage=bool(look.may_manage)).to_dict()

    def _workspace_of(self, look: _Look) -> Workspace:
        return self._tools.workspaces.of(team=look.by.team, enterprise=look.by.enterprise)

    def _tell(self, where: str, error: Exception) -> None:
        """Once for each kind of trouble, in a workspace or with the database."""
        why = str(error) or type(error).__name__
        if self._troubles.get(where) != why:
            self._troubles[where] = why
            _log.warning("home_page_not_published", error=why)


def _hash(view: dict[str, object]) -> bytes:
    return hashlib.sha256(json.dumps(view).encode()).digest()
