"""App Homes are looked after while somebody looks: at once when they open, then a few at a time, never without need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import structlog
from pydantic import SecretStr

from bot.app import open_tools
from bot.background.home_pages import ASKED_ABOUT, CHANGES, EVERY, OPENINGS, PEOPLE, WATCHED_FOR, HomePages
from bot.settings.model import Settings
from bot.slack.tokens import StaticToken
from bot.slack.workspaces import OneWorkspace, make_workspace
from bot.worker.tools import Tools
from handlers import words
from handlers.action_ids import MY_SETTINGS, WORKSPACE_SETTINGS
from handlers.actor import Actor
from handlers.home_page import MORE, RECENT
from sandbox import faults
from sandbox.slack import Slack
from storage import claiming, jobs
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Failure, Job, JobState, Origin, Reason
from tests.bot.job_fixtures import NOON, new_database

MINUTE = timedelta(minutes=1)


class Away:
    """A database that cannot be read."""

    async def read(self, _work: object) -> None:
        raise StorageUnavailable("disk I/O error")


class Unreadable(StaticToken):
    """A token in a database that is away, until it works."""

    works = False

    async def current(self) -> SecretStr:
        if not self.works:
            raise StorageUnavailable("disk I/O error")
        return await super().current()


class Broken:
    """A database in which somebody finds what they do not know, until it works."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.works = False

    async def read(self, work: Any) -> Any:
        if not self.works:
            raise ValueError("a state of a newer release")
        return await self._database.read(work)


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, span: timedelta = EVERY) -> None:
        self.now += span


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as running:
        yield running


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with new_database(tmp_path / "jobs.db") as opened:
        yield opened


@pytest.fixture
async def tools(slack: Slack, database: Database, watch: Watch) -> AsyncIterator[Tools]:
    settings = Settings(_env_file=None, slack_bot_token=slack.bot_token, slack_api_url=slack.api_url, person_minutes=60)
    async with open_tools(settings, database=database, clock=watch) as opened:
        await opened.workspaces.introduce()
        yield opened


@pytest.fixture
def pages(tools: Tools) -> HomePages:
    return HomePages(tools)


def looker(slack: Slack, name: str = "amara", *, team: str | None = None) -> Actor:
    return Actor(team=team or slack.team_id, user=slack.user(name))


async def shared(
    database: Database, by: Actor, title: str, *, at: datetime = NOON, thread: str = "1700000000.000100"
) -> Job:
    """A recording of theirs that was found in its message, and is being sent."""
    origin = Origin(team=by.team, channel="C1", file=title + by.user, occasion=thread, thread=thread, user=by.user)
    await database.write(lambda tx: jobs.add(tx, origin=origin, title=title, now=at))

    def work(tx: Transaction) -> Job:
        job = claiming.claim(tx, fair_share=claiming.FairShare(), now=at, until=at + MINUTE)
        assert job is not None
        located = jobs.locate(tx, job, replace(job, message_ts=thread))
        sending = replace(located, state=JobState.SUBMITTING, provider="embedded", duration=3 * MINUTE)
        return jobs.save(tx, located, sending, now=at)

    return await database.write(work)


async def moved(database: Database, job: Job, state: JobState = JobState.SUBMITTED) -> None:
    await database.write(lambda tx: jobs.save(tx, job, replace(job, state=state), now=NOON))


def published(slack: Slack) -> list[str]:
    """Whose page was published, in order."""
    return [str(call.args["user_id"]) for call in slack.calls if call.method == "views.publish"]


def page_of(slack: Slack, who: Actor) -> str:
    return str(slack.homes[who.user]["blocks"])


async def test_whoever_opens_theirs_sees_their_recordings(slack: Slack, database: Database, pages: HomePages) -> None:
    amara = looker(slack)
    await shared(database, amara, "Monday")
    pages.opened(amara)
    await pages.welcome()
    assert "Monday" in page_of(slack, amara)
    assert "3 min" in page_of(slack, amara)
    assert "3 min of 1 hr used, with " in page_of(slack, amara)
    assert "archives/C1/p1700000000000100" in page_of(slack, amara)


async def test_nobody_elses_recordings_are_on_it(slack: Slack, database: Database, pages: HomePages) -> None:
    amara = looker(slack)
    await shared(database, looker(slack, "ben"), "Of Ben")
    await shared(database, looker(slack, team="T0OTHER"), "Of her namesake in another workspace")
    await shared(database, Actor(team=slack.team_id, user=""), "Of nobody")
    pages.opened(amara)
    await pages.welcome()
    assert " Of " not in page_of(slack, amara)
    assert words.HOW_TO_BEGIN.partition("/")[0] in page_of(slack, amara)
    assert rows(slack, amara) == 0


async def test_it_is_published_anew_when_a_recording_moved_and_only_then(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    job = await shared(database, amara, "Monday")
    pages.opened(amara)
    await pages.welcome()
    for _ in range(3):
        watch.move(MINUTE)
        await pages.welcome()
        await pages.refresh()
    assert len(published(slack)) == 1

    await moved(database, job)
    watch.move()
    await pages.refresh()
    assert "Transcribing with" in page_of(slack, amara)
    assert len(published(slack)) == 2


async def test_what_changes_and_is_not_on_it_is_not_published(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    job = await shared(database, amara, "Monday")
    pages.opened(amara)
    await pages.welcome()
    await database.write(lambda tx: claiming.extend(tx, job, until=NOON + 9 * MINUTE))
    watch.move()
    await pages.refresh()
    assert len(published(slack)) == 1


async def test_a_page_that_is_opened_again_is_shown_again_but_not_all_the_time(
    slack: Slack, pages: HomePages, watch: Watch
) -> None:
    for _ in range(5):
        pages.opened(looker(slack))
        await pages.welcome()
    assert len(published(slack)) == 1
    watch.move()
    pages.opened(looker(slack))
    await pages.welcome()
    assert len(published(slack)) == 2


async def test_after_a_while_it_is_not_looked_after_any_more_unless_it_is_opened_again(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    job = await shared(database, amara, "Monday")
    pages.opened(amara)
    await pages.welcome()
    watch.move(WATCHED_FOR)
    await moved(database, job)
    await pages.refresh()
    assert len(published(slack)) == 1
    pages.opened(amara)
    await pages.welcome()
    assert "Transcribing with" in page_of(slack, amara)


async def test_many_changes_at_once_are_shown_a_few_at_a_time_and_each_in_its_turn(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    people = [looker(slack, f"person{number}") for number in range(2 * CHANGES + 1)]
    moving = [await shared(database, person, "Monday") for person in people]
    for person in people:
        pages.opened(person)
    await pages.welcome()
    assert len(published(slack)) == len(people)
    for job in moving:
        await moved(database, job)
    for number in range(1, 4):
        watch.move()
        await pages.refresh()
        assert len(published(slack)) == len(people) + min(number * CHANGES, len(people))
    assert all("Transcribing with" in page_of(slack, person) for person in people)


async def test_where_very_many_look_each_has_a_turn(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    people = [looker(slack, f"person{number}") for number in range(ASKED_ABOUT + OPENINGS)]
    for person in people:
        pages.opened(person)
    await pages.welcome()
    await shared(database, people[-1], "Monday")
    for _ in range(2):
        watch.move()
        await pages.refresh()
    assert "Monday" in page_of(slack, people[-1])


async def test_no_more_people_are_remembered_than_it_can_look_after(slack: Slack, pages: HomePages) -> None:
    limited = replace(faults.answer(429, Retry_After="60"), delay=0.3)
    slack.faults.arm("views.publish", limited, times=OPENINGS + 1)
    pages.opened(Actor(team="T0OTHER", user="UOTHER"))
    for number in range(PEOPLE):
        pages.opened(Actor(team=slack.team_id, user=f"U{number}"))
    await pages.welcome()  # whoever is of a workspace with fewer keeps their place
    assert sorted(published(slack)) == [*(f"U{number}" for number in range(1, OPENINGS + 1)), "UOTHER"]


async def test_where_one_workspace_has_very_many_the_others_have_their_turn_all_the_same(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    alone = looker(slack, "ben", team="T0OTHER")
    for number in range(ASKED_ABOUT):
        pages.opened(looker(slack, f"person{number}"))
    pages.opened(alone)
    await pages.welcome()
    await shared(database, alone, "Monday")
    watch.move()
    await pages.refresh()
    assert "Monday" in page_of(slack, alone)


async def test_a_page_that_slack_is_slow_to_take_holds_up_nobody_elses(
    slack: Slack, database: Database, pages: HomePages
) -> None:
    amara, ben = looker(slack), looker(slack, "ben", team="T0OTHER")
    await shared(database, ben, "Monday")
    running = asyncio.create_task(pages.run())
    slack.faults.arm("views.publish", faults.slow(1))
    pages.opened(amara)
    await asyncio.sleep(0.1)
    pages.opened(ben)
    await slack.until(lambda: slack.homes)
    running.cancel()
    assert list(slack.homes) == [ben.user]
    assert "Monday" in page_of(slack, ben)


@pytest.mark.parametrize("method", ["users.info", "views.publish"])
async def test_slack_that_does_not_answer_is_not_waited_for(slack: Slack, tools: Tools, method: str) -> None:
    slack.scopes.add("users:read")
    await tools.workspaces.of(team=slack.team_id, enterprise=None).identify(refresh=True)
    slack.faults.arm(method, faults.slow(1))
    pages = HomePages(tools, patience=0.3)
    pages.opened(looker(slack))
    with structlog.testing.capture_logs() as logged:
        await pages.welcome()
        await pages.welcome()
    assert MY_SETTINGS in page_of(slack, looker(slack))
    assert [line["error"] for line in logged] == (["TimeoutError"] if method == "views.publish" else [])


async def test_where_the_token_cannot_be_read_it_is_tried_again(slack: Slack, tools: Tools) -> None:
    token = Unreadable(SecretStr(slack.bot_token))
    async with aiohttp.ClientSession() as session:
        workspace = make_workspace(tools.settings, session=session, token=token)
        pages = HomePages(replace(tools, workspaces=OneWorkspace(workspace)))
        pages.opened(looker(slack))
        with structlog.testing.capture_logs() as logged:
            await pages.welcome()
            token.works = True
            await pages.welcome()
    assert looker(slack).user in slack.homes
    assert logged == [{"event": "home_page_not_published", "error": "disk I/O error", "log_level": "warning"}]


async def test_while_slack_wants_no_more_it_is_not_asked_and_then_the_page_is_right(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    pages.opened(amara)
    await pages.welcome()
    await shared(database, amara, "Monday")
    slack.faults.arm("views.publish", faults.answer(429, Retry_After="1"))
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            watch.move()
            await pages.refresh()
    assert len(published(slack)) == 2
    assert {line["event"] for line in logged} == {"home_page_not_published"}
    await asyncio.sleep(1)
    await pages.refresh()
    assert "Monday" in page_of(slack, amara)


async def test_slack_that_is_away_for_a_moment_is_asked_again(slack: Slack, pages: HomePages) -> None:
    amara = looker(slack)
    slack.faults.arm("views.publish", faults.answer(500), times=2)
    pages.opened(amara)
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await pages.welcome()
    assert amara.user in slack.homes
    assert [(line["event"], line["error"]) for line in logged] == [("home_page_not_published", "views.publish: 500")]


@pytest.mark.parametrize("code", ["user_not_found", "not_enabled", "missing_scope"])
async def test_what_slack_refuses_is_logged_once_and_left_alone(slack: Slack, pages: HomePages, code: str) -> None:
    slack.refuse("views.publish", code)
    pages.opened(looker(slack))
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await pages.welcome()
            await pages.refresh()
    assert len(published(slack)) == 1
    assert [line["error"] for line in logged] == [f"views.publish: {code}"]
    assert looker(slack).user not in str(logged)


async def test_a_person_who_is_not_there_costs_one_call(slack: Slack, pages: HomePages) -> None:
    pages.opened(Actor(team=slack.team_id, user="U0NOBODY"))
    for _ in range(3):
        await pages.welcome()
        await pages.refresh()
    assert published(slack) == ["U0NOBODY"]
    assert slack.homes == {}


async def test_a_database_that_is_away_is_asked_again(slack: Slack, tools: Tools, watch: Watch) -> None:
    pages = HomePages(replace(tools, database=cast("Any", Away())))
    pages.opened(looker(slack))
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            watch.move()
            await pages.welcome()
            await pages.refresh()
    assert [line["event"] for line in logged] == ["home_page_not_published"]
    assert published(slack) == []


async def test_a_page_that_was_left_alone_is_looked_after_again_when_a_button_of_it_is_pressed(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    pages.opened(amara)
    await pages.welcome()
    pages.pressed(amara)
    await pages.welcome()
    assert len(published(slack)) == 1
    watch.move(WATCHED_FOR)
    await pages.refresh()
    await shared(database, amara, "Monday")
    pages.pressed(amara)
    await pages.welcome()
    assert "Monday" in page_of(slack, amara)


async def test_a_bug_in_a_page_ends_no_bot_and_whoever_looks_again_is_shown_theirs(
    slack: Slack, database: Database, tools: Tools
) -> None:
    database_of = Broken(database)
    pages = HomePages(replace(tools, database=cast("Any", database_of)))
    running = asyncio.create_task(pages.run())
    with structlog.testing.capture_logs() as logged:
        pages.opened(looker(slack))
        async with asyncio.timeout(10):
            while not logged:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        database_of.works = True
        pages.opened(looker(slack))
        await slack.until(lambda: slack.homes)
    running.cancel()
    assert logged == [{"event": "home_page_error", "error": "ValueError", "log_level": "error"}]


@pytest.mark.parametrize("granted", [True, False])
async def test_who_looks_after_the_workspace_finds_its_settings_where_we_may_know_that(
    slack: Slack, tools: Tools, pages: HomePages, *, granted: bool
) -> None:
    amara, ben = looker(slack), looker(slack, "ben")
    slack.admins.add(amara.user)
    slack.scopes |= {"users:read"} if granted else set()
    await tools.workspaces.of(team=slack.team_id, enterprise=None).identify(refresh=True)
    pages.opened(amara)
    pages.opened(ben)
    await pages.welcome()
    await pages.refresh()
    assert (WORKSPACE_SETTINGS in page_of(slack, amara)) == granted
    assert WORKSPACE_SETTINGS not in page_of(slack, ben)
    assert [call.method for call in slack.calls].count("users.info") == (2 if granted else 0)


async def test_where_slack_does_not_say_who_somebody_is_they_see_their_page_all_the_same(
    slack: Slack, tools: Tools, pages: HomePages
) -> None:
    slack.scopes.add("users:read")
    await tools.workspaces.of(team=slack.team_id, enterprise=None).identify(refresh=True)
    slack.faults.arm("users.info", faults.answer(500))
    pages.opened(looker(slack))
    await pages.welcome()
    assert MY_SETTINGS in page_of(slack, looker(slack))


async def left_alone(database: Database, by: Actor, count: int) -> None:
    """So many recordings of theirs that neither move nor need attention."""
    for number in range(count):
        job = await shared(database, by, f"{number}", thread=f"1700000000.{number:06}")
        failure = Failure(reason=Reason.CANCELLED)
        ended = replace(job, state=JobState.ABANDONED, failure=failure, due_at=None)
        await database.write(partial(jobs.save, before=job, after=ended, now=NOON))


def rows(slack: Slack, who: Actor) -> int:
    return sum(block["type"] == "section" for block in slack.homes[who.user]["blocks"])


async def test_more_is_shown_at_once_and_stays_while_the_page_is_open(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    await left_alone(database, amara, RECENT + 2)
    pages.opened(amara)
    await pages.welcome()
    assert rows(slack, amara) == RECENT
    pages.show_more(amara, RECENT + MORE)
    await pages.welcome()
    assert rows(slack, amara) == RECENT + 2
    await shared(database, amara, "Monday")
    watch.move()
    await pages.refresh()
    assert rows(slack, amara) == RECENT + 3
    watch.move()
    pages.opened(amara)
    await pages.welcome()
    assert rows(slack, amara) == RECENT + 1, "what is opened again begins as ever"


async def test_more_is_also_shown_to_who_asks_while_the_page_is_being_published(
    slack: Slack, database: Database, pages: HomePages, watch: Watch
) -> None:
    amara = looker(slack)
    await left_alone(database, amara, RECENT + 2)
    pages.opened(amara)
    published_first = asyncio.ensure_future(pages.welcome())
    await asyncio.sleep(0)
    pages.show_more(amara, RECENT + MORE)
    await published_first
    watch.move()
    await pages.refresh()
    assert rows(slack, amara) == RECENT + 2


async def test_more_is_shown_where_another_process_has_opened_the_page(
    slack: Slack, database: Database, pages: HomePages
) -> None:
    amara = looker(slack)
    await left_alone(database, amara, RECENT + 2)
    pages.show_more(amara, RECENT + MORE)
    await pages.welcome()
    assert rows(slack, amara) == RECENT + 2
