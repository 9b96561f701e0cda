"""Keeps the App Homes of those who look at theirs as their recordings are: docs/decisions/0018.

Whoever opens theirs is shown it at once. For a while after that the database is asked every other second how their
recordings are, and what has changed is shown anew. Nothing is done while nobody looks, and nothing is stored: what
could not be shown is tried again while they look, and shown when they look again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.screens import Screens
from bot.slack_errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.spending import month_of, next_month
from bot.tools import Tools
from bot.workspace import Workspace
from handlers.asking import NotNow
from handlers.home import Looker
from handlers.home_page import LOOKED_AT, Month, page
from handlers.listing import Viewer
from storage import job_lists, usage
from storage.database import StorageUnavailable, Transaction
from storage.job import Job

EVERY = timedelta(seconds=2)
"""Between two looks at the recordings of those who look, and so between two changes of anybody's page."""

LOOKS = timedelta(minutes=15)
"""For so long after it was opened a page is looked after: Slack does not tell when it is left."""

PEOPLE = 500
"""So many are looked after by this process; then whoever opened theirs first is not any more."""

ASKED_ABOUT = 50
"""People in one look at the database; where more look, they take turns."""

CHANGES = 2
"""Pages changed after one look in one workspace: sixty a minute. Slack takes a hundred, and the others are for those
who open theirs. https://docs.slack.dev/reference/methods/views.publish
"""

OPENINGS = 8
"""Pages that are shown at the same time to those who open theirs."""

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
    """

    by: Looker
    until: datetime = _NEVER
    may_manage: bool = False
    knows: int | None = None
    sees: bytes | None = None
    shown_at: datetime = _NEVER
    asked_at: datetime = _NEVER


class HomePages:
    """One for each process that hears Slack."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._looks: dict[Looker, _Look] = {}
        self._opened = asyncio.Event()
        self._trouble = ""

    def opened(self, looker: Looker) -> None:
        """Show them their page, whatever they have seen before, and look after it from now on."""
        look = self._looks.get(looker)
        if look is not None and self._tools.clock() - look.shown_at >= EVERY:  # else it was shown just now
            del self._looks[looker]
        self.pressed(looker)

    def pressed(self, looker: Looker) -> None:
        """Look after their page from now on; show it, if it was left alone meanwhile."""
        look = self._looks.pop(looker, None) or _Look(by=looker)
        look.until = self._tools.clock() + LOOKS
        self._looks[looker] = look
        if len(self._looks) > PEOPLE:
            del self._looks[next(iter(self._looks))]
        self._opened.set()

    async def run(self) -> None:
        """Look after the pages until cancelled."""
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due if self._looks else None):
                    await self._opened.wait()
            self._opened.clear()
            is_due = clock() >= due
            try:
                await self.welcome()
                if is_due:
                    await self.refresh()
            except Exception as error:  # noqa: BLE001 - a page is a courtesy: no bug in one is worth the bot
                _log.error("home pages stumbled", error=type(error).__name__)
                self._looks.clear()  # it would be so again
            if is_due:
                due = clock() + EVERY.total_seconds()

    async def welcome(self) -> None:
        """Show their pages to those who have not seen them since they opened them."""
        new = [looker for looker, look in self._looks.items() if look.sees is None]
        for first in range(0, len(new), OPENINGS):
            homes = await self._homes(new[first : first + OPENINGS])
            await asyncio.gather(*(self._welcome(look, home) for look, home in homes))

    async def _welcome(self, look: _Look, home: _Home) -> None:
        with suppress(NotNow):
            look.may_manage = await Screens(self._workspace_of(look)).is_admin(look.by.person)
        await self._show(look, home)

    async def refresh(self) -> None:
        """Show their pages anew to those whose recordings have moved, a few at a time."""
        now = self._tools.clock()
        self._looks = {looker: look for looker, look in self._looks.items() if look.until > now}
        seeing = [look for look in self._looks.values() if look.sees is not None]
        turn = sorted(seeing, key=lambda look: look.asked_at)[:ASKED_ABOUT]
        changes = Counter[str]()
        for look, home in await self._homes([look.by for look in turn]):
            if changes[look.by.team] >= CHANGES:
                continue  # they come first the next time
            look.asked_at = now
            if look.knows != hash(home):
                changes[look.by.team] += await self._show(look, home)

    async def _homes(self, lookers: Sequence[Looker]) -> list[tuple[_Look, _Home]]:
        """What the pages of those are made of who still look; none while the database is away."""
        if not lookers:
            return []
        now = self._tools.clock()

        def work(tx: Transaction) -> list[_Home]:
            return [self._home(tx, looker, now=now) for looker in lookers]

        try:
            homes = await self._tools.database.read(work)
        except StorageUnavailable as error:
            self._tell(error)
            return []
        return [(self._looks[by], home) for by, home in zip(lookers, homes, strict=True) if by in self._looks]

    def _home(self, tx: Transaction, looker: Looker, *, now: datetime) -> _Home:
        team, person, since = looker.team, looker.person, month_of(now)
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

    async def _show(self, look: _Look, home: _Home) -> bool:
        """Show somebody their page, unless they see it already; whether Slack was asked to."""
        view = self._drawn(home, look)
        sees = hashlib.sha256(json.dumps(view).encode()).digest()
        asked = sees != look.sees
        try:
            if asked:
                await self._workspace_of(look).publish_home(look.by.person, view)
                look.shown_at = self._tools.clock()
        except (SlackRefused, SlackNotAuthorised) as error:
            self._looks.pop(look.by, None)  # it would be so again
            self._tell(error)
        except SlackUnavailable as error:
            self._tell(error)
        else:
            look.knows, look.sees = hash(home), sees
            self._trouble = ""
        return asked

    def _drawn(self, home: _Home, look: _Look) -> dict[str, object]:
        identity = self._workspace_of(look).identity
        viewer = Viewer(
            now=self._tools.clock(),
            provider_title=lambda job: self._tools.transcriber_of(job).title,
            workspace_url=identity.url if identity else "",
        )
        return page(home.jobs, home.month, viewer, may_manage=look.may_manage).to_dict()

    def _workspace_of(self, look: _Look) -> Workspace:
        return self._tools.workspaces.of(team=look.by.team, enterprise=look.by.enterprise)

    def _tell(self, error: Exception) -> None:
        """Once for each kind of trouble."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            _log.warning("home not shown", error=self._trouble)
