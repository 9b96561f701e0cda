"""No button, shortcut or form reaches its action before Slack has said that the person is in the conversation."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.views import View

from handlers import action_ids, deleting, preferences_modal, search_modal, words
from handlers.events import PressedAnywhere, Submitted
from handlers.interactions import Interactions
from handlers.membership import Membership
from handlers.modals import AboutJob
from handlers.responses import SlackNotReached
from handlers.slack import Conversations
from storage.job import Job, JobState
from tests.bot.job_fixtures import a_job, new_database

ROOT = Path(__file__).parents[2]

PLUMBING = ROOT / "handlers" / "interactions.py"

BOLTS_OWN = {
    "action",
    "attachment_action",
    "block_action",
    "block_suggestion",
    "dialog_cancellation",
    "dialog_submission",
    "dialog_suggestion",
    "global_shortcut",
    "message_shortcut",
    "options",
    "shortcut",
    "view",
    "view_closed",
    "view_submission",
}
"""The ways in which Bolt's app registers what people press and send."""

NOT_ABOUT_A_JOB = {
    # Settings of a person, a channel or the workspace. An admin need not be in the channel; about everybody else Slack
    # is asked when the form is opened and when it is sent:
    # test_only_who_is_in_a_channel_sets_it (journeys/test_settings.py).
    "MY_SETTINGS": action_ids.MY_SETTINGS,
    "WORKSPACE_SETTINGS": action_ids.WORKSPACE_SETTINGS,
    "FORM of handlers.preferences_modal": preferences_modal.FORM,
    # Of nobody's recordings, and of the presser's own page, which shows their own.
    "HELP": action_ids.HELP,
    "SHOW_MORE": action_ids.SHOW_MORE,
    # The message may have no job yet, so the action asks about its conversation:
    # test_a_recording_is_not_asked_for_from_outside (journeys/test_left_conversations.py).
    "TRANSCRIBE": action_ids.TRANSCRIBE,
    # The form searches many conversations, and Slack is asked at every search where the person is:
    # test_who_is_taken_out_while_it_is_open_finds_nothing_more_of_that_conversation (journeys/test_search_modal.py).
    "SEARCH": action_ids.SEARCH,
    "FORM of handlers.search_modal": search_modal.FORM,
    # Where the bot is not in the conversation either, the sharer may still delete, so the form asks by itself:
    # test_who_has_left_meanwhile_is_told_what_they_can_do (journeys/test_deleting.py).
    "DELETE_FORM": deleting.DELETE_FORM,
}
"""What the plumbing asks nothing for, by the name under which it is registered, each with its reason."""


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def ours() -> list[Path]:
    return [path for room in ("handlers", "bot") for path in (ROOT / room).rglob("*.py")]


def test_everything_is_registered_where_the_question_is_asked() -> None:
    found = {
        (path, name)
        for path in ours()
        for name, call in calls(path)
        if name in BOLTS_OWN and ast.unparse(call.func) != f"interactions.{name}"
    }
    assert found == {(PLUMBING, "action"), (PLUMBING, "shortcut"), (PLUMBING, "view")}


def test_nothing_is_exempt_but_what_is_listed_with_its_reason() -> None:
    exempt = {
        f"{name} of {_module_of_form(path)}" if name == "FORM" else name
        for path in ours()
        for kind, call in calls(path)
        if kind in {"button", "shortcut", "modal"}
        if any(word.arg == "about_a_job" for word in call.keywords)
        for name in [ast.unparse(call.args[0])]
    }
    assert exempt == set(NOT_ABOUT_A_JOB)


def test_the_one_option_of_menus_that_asks_by_itself_opens_the_form_for_deleting() -> None:
    exempt = {
        ast.unparse(word.value)
        for path in ours()
        for kind, call in calls(path)
        if kind == "menu"
        for word in call.keywords
        if word.arg == "check_themselves"
    }
    assert exempt == {"{DELETE}"}


def _module_of_form(path: Path) -> str:
    """The module from which the form that is registered there is imported, or in which it is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and any(each.name == "FORM" for each in node.names):
            return str(node.module)
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


class App:
    """Keeps what is registered."""

    def __init__(self) -> None:
        self.listeners: dict[str, Callable[..., Any]] = {}

    def action(self, name: str) -> Callable[[Callable[..., Any]], None]:
        return lambda listener: self.listeners.update({name: listener})

    shortcut = view = action


@dataclass
class Members:
    """Says who is in a conversation, or nothing."""

    people: set[str] | None = field(default_factory=set)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    opened: list[tuple[str, str]] = field(default_factory=list)

    async def open(self, trigger: str, view: View) -> None:
        self.opened.append((trigger, str(view.to_dict()["blocks"])))

    async def is_in(self, person: str, channel: str, *, team: str) -> bool:
        self.asked.append((person, channel, team))
        if self.people is None:
            raise SlackNotReached("503")
        return person in self.people

    async def conversations_of(self, person: str, *, team: str) -> Conversations:
        raise AssertionError((person, team))


class Respond:
    def __init__(self, response_url: str | None = "https://example.org/respond") -> None:
        self.response_url = response_url
        self.said: list[str] = []

    async def __call__(self, *, text: str, **_: Any) -> None:
        self.said.append(text)


@dataclass
class House:
    """Everything that can be registered, once, with a job in C1."""

    job: Job
    members: Members
    app: App
    done: list[str] = field(default_factory=list)

    async def use(self, kind: str, *, job: str | None = None, channel: str = "C1", team: str = "T1") -> list[str]:
        """Press, choose or send; what the person is told."""
        job = self.job.id if job is None else job
        common = {"user": {"id": "U2"}, "team": {"id": team}, "trigger_id": "1"}
        told: list[str] = []

        async def ack(**said: Any) -> None:
            told.extend(said.get("errors", {}).values())

        if kind == "modal":
            about = {"private_metadata": AboutJob(job=job).dump(), "state": {"values": {"first": {}}}}
            await self.app.listeners[kind](ack, common | {"view": {"id": "V1", **about}})
            return told
        respond = Respond()
        place = {"channel": {"id": channel}, "message": {"ts": "1.0"}}
        pressed = {"selected_option": {"value": f"{job}:verb:3"}} if kind == "menu" else {"value": f"{job}:3"}
        await self.app.listeners[kind](ack, common | place | {"actions": [pressed]}, respond)
        return respond.said


KINDS = ("button", "menu", "shortcut", "modal")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with new_database(tmp_path / "bot.db") as database:
        members, app = Members(), App()
        made = House(job=await a_job(database, JobState.REPLIED), members=members, app=app)

        async def act(_: dict[str, Any]) -> None:
            made.done.append("act")

        async def save(_: Submitted) -> None:
            made.done.append("save")

        interactions = Interactions(
            app,  # type: ignore[arg-type]  # all that is used of it
            database=database,
            membership=Membership(slack_of=lambda _: members),
            slack_for=lambda _: members,
        )

        async def own(body: dict[str, Any]) -> None:
            made.done.append(PressedAnywhere.model_validate(body).value)

        interactions.button("button", act)
        interactions.menu("menu", {"verb": act, "own": own, "other": own}, check_themselves={"own"})
        interactions.shortcut("shortcut", act)
        interactions.modal("modal", save)
        yield made


async def test_where_there_is_no_conversation_the_sentence_is_told_in_a_modal(house: House) -> None:
    home: dict[str, Any] = {"user": {"id": "U1"}, "team": {"id": "T1"}, "trigger_id": "7", "view": {"type": "home"}}
    respond = Respond(None)

    async def ack(**_: Any) -> None: ...

    await house.app.listeners["button"](ack, home | {"actions": [{"value": house.job.id}]}, respond)
    assert (house.done, respond.said) == ([], [])
    [(trigger, told)] = house.members.opened
    assert trigger == "7"
    assert words.NOT_IN_CONVERSATION in told


@pytest.mark.parametrize("kind", KINDS)
async def test_who_is_in_the_conversation_gets_through(house: House, kind: str) -> None:
    house.members.people = {"U2"}
    assert await house.use(kind) == []
    assert len(house.done) == 1
    assert house.members.asked == [("U2", "C1", "T1")]


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_else_does(house: House, kind: str) -> None:
    assert await house.use(kind) == [words.NOT_IN_CONVERSATION]
    assert house.done == []


@pytest.mark.parametrize("kind", KINDS)
async def test_every_time_is_asked_anew(house: House, kind: str) -> None:
    house.members.people = {"U2"}
    await house.use(kind)
    house.members.people = set()
    assert await house.use(kind) == [words.NOT_IN_CONVERSATION]
    assert len(house.done) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_where_slack_says_nothing_nothing_is_done(house: House, kind: str) -> None:
    house.members.people = None
    assert await house.use(kind) == [words.NOT_NOW]
    assert house.done == []


@pytest.mark.parametrize(
    ("value", "done", "asked"),
    [
        ("{job}:own:3:4", ["{job}:3:4"], False),
        ("{job}:own", ["{job}"], False),
        ("{job}:other:", ["{job}"], True),
        ("{job}:neither", [], False),
        ("{job}", [], False),
        ("", [], False),
        ("own", [], False),
    ],
)
async def test_an_option_is_done_as_a_button_whose_value_is_the_rest(
    house: House, value: str, done: list[str], *, asked: bool
) -> None:
    house.members.people = {"U2"}

    async def ack() -> None: ...

    place = {"channel": {"id": "C1"}, "message": {"ts": "1.0"}}
    body = {"user": {"id": "U2"}, "team": {"id": "T1"}, "trigger_id": "1", **place}
    chosen = {"selected_option": {"value": value.format(job=house.job.id)}}
    await house.app.listeners["menu"](ack, body | {"actions": [chosen]}, Respond())
    assert house.done == [each.format(job=house.job.id) for each in done]
    assert bool(house.members.asked) == asked


@pytest.mark.parametrize("kind", ["button", "menu", "modal"])
async def test_what_names_no_job_of_the_workspace_is_left_to_the_action_to_decline(house: House, kind: str) -> None:
    """And Slack is not asked: it would say who is where to somebody who changes payloads."""
    await house.use(kind, job="zzzzzzzzzz")
    await house.use(kind, team="T9")
    assert len(house.done) == 2
    assert house.members.asked == []


async def test_a_form_without_a_job_is_not_one_of_ours(house: House) -> None:
    async def ack(**said: Any) -> None:
        assert said == {}

    body = {"user": {"id": "U2"}, "team": {"id": "T1"}, "view": {"id": "V1", "private_metadata": '{"whose": "C1"}'}}
    await house.app.listeners["modal"](ack, body)
    assert house.done == []
