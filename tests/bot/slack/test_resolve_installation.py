"""Whose an event is, by what Slack says of it: never another company's, and an organisation's without a team too."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.metrics import Metrics
from bot.slack.bolt_app import BoltApp, make_app
from bot.slack.client import slack_client
from handlers import audio, forgetting
from handlers.listener import Event, Installation
from storage import forgetting as forgotten
from storage import jobs
from storage.job import Origin
from tests.bot.oauth.test_many_workspaces import NORTH, House, house  # noqa: F401 - a fixture

SHARED = {"type": "file_shared", "channel_id": "C1", "file_id": "F1", "user_id": "U1", "event_ts": "1.0"}
REMOVALS: list[dict[str, Any]] = [
    {"type": "tokens_revoked", "tokens": {"oauth": ["W1"], "bot": ["W2"]}},
    {"type": "app_uninstalled"},
]


@pytest.fixture
async def app(house: House) -> BoltApp:  # noqa: F811
    """In an organisation, and in the team of another company."""
    await house.install(house.slack)
    await house.install_whole(house.slack.add_workspace(NORTH))
    process = house.process()
    made = make_app(house.settings, client=slack_client(house.settings), workspaces=process, metrics=Metrics())

    async def deleted(_event: Event, _place: Installation) -> None:
        """Nobody's matter here."""

    audio.register(made, database=house.database, clock=lambda: house.now, deleted=deleted)
    forgetting.register(made, database=house.database, clock=lambda: house.now, removed=process.removed)
    return made


async def hears(app: BoltApp, event: dict[str, Any], **said: Any) -> None:
    payload = {"type": "event_callback", "event_time": int(time.time()) + 3600, "event": event, **said}
    listener = app.listener(payload)
    assert listener is not None
    assert await app.dispatch_directly(listener, payload) == 200


def organisation(**more: Any) -> dict[str, Any]:
    """Its authorisation names none of its teams."""
    ours = {"enterprise_id": "E0ORG", "team_id": None, "user_id": "U1", "is_bot": True, "is_enterprise_install": True}
    return {"authorizations": [ours], "is_ext_shared_channel": True, **more}


@pytest.mark.parametrize(
    ("said", "team"),
    [
        ({"team_id": "T0NORTH", "enterprise_id": "E0ORG"}, "T0NORTH"),
        ({"team_id": "T0SANDBOX", "context_team_id": "T0NORTH", "context_enterprise_id": "E0ORG"}, "T0NORTH"),
        ({"team_id": "T0SANDBOX", "enterprise_id": "E0OTHERS"}, "E0ORG"),
        ({"team_id": "T0SANDBOX", "enterprise_id": None}, "E0ORG"),
        ({"context_team_id": "T0SANDBOX", "context_enterprise_id": None}, "E0ORG"),
        ({}, "E0ORG"),
    ],
    ids=str,
)
async def test_what_an_organisation_hears_of_a_channel_shared_with_another_company_is_not_theirs(
    house: House,  # noqa: F811
    app: BoltApp,
    said: dict[str, Any],
    team: str,
) -> None:
    await hears(app, SHARED, **organisation(**said))
    rows = await house.database.read(lambda tx: tx.all("SELECT team, enterprise FROM jobs"))
    assert [(row["team"], row["enterprise"]) for row in rows] == [(team, "E0ORG")]


async def test_an_organisation_removes_the_app_with_nothing_but_its_id(house: House, app: BoltApp) -> None:  # noqa: F811
    for event in REMOVALS:
        await hears(app, event, enterprise_id="E0ORG")
    assert await house.kept("E0ORG") is None
    assert await house.kept("T0SANDBOX") is not None
    assert await house.database.read(forgotten.removals) == ["E0ORG"]


async def test_a_file_that_an_organisation_deletes_goes_whichever_of_its_teams_shared_it(
    house: House,  # noqa: F811
    app: BoltApp,
) -> None:
    for team, enterprise in (("T0NORTH", "E0ORG"), ("T0SANDBOX", None)):
        where = Origin(enterprise=enterprise, team=team, channel="C1", file="F1", occasion="1.0", user="U1")
        await house.database.write(lambda tx, where=where: jobs.add(tx, origin=where, now=house.now))  # type: ignore[misc]
    await hears(app, {"type": "file_deleted", "file_id": "F1"}, **organisation(team_id="T0SANDBOX"))
    rows = await house.database.read(lambda tx: tx.all("SELECT team FROM jobs WHERE forgotten = 1"))
    assert [row["team"] for row in rows] == ["T0NORTH"]


async def test_a_team_from_which_an_organisation_takes_the_app_is_forgotten_and_its_tokens_stay(
    house: House,  # noqa: F811
    app: BoltApp,
) -> None:
    for odd in ({}, {"team_ids": "T0SANDBOX"}, {"team_ids": [None]}):
        await hears(app, {"type": "team_access_revoked", **odd}, **organisation())
    assert await house.database.read(forgotten.removals) == []
    taken = {"type": "team_access_revoked", "team_ids": ["T0SOUTH", "T0SANDBOX"]}
    await hears(app, taken, **organisation())
    assert await house.database.read(forgotten.removals) == ["T0SANDBOX", "T0SOUTH"]
    assert await house.kept("E0ORG") is not None
    gone = await house.process().are_gone(["T0SOUTH", "T0SANDBOX"])
    assert gone == {"T0SOUTH": True, "T0SANDBOX": False}, "which has the app of its own"
