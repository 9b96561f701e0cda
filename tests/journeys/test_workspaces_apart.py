"""People of one workspace never see or reach anything of another, whatever they send: it is all signed by Slack."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import CANCEL, EXPORT, NAME_SPEAKERS, RERUN, RETRY, TRANSCRIBE, UNDO_NAMING
from handlers.export_modal import FORM as EXPORT_FORM
from handlers.export_modal import FORMAT
from handlers.job_actions import RERUN_FORM
from handlers.naming_modal import FORM
from handlers.preferences_modal import FORM as SETTINGS_FORM
from sandbox.slack import Channel, Ids, Message, Share, Slack, Team
from storage import exports, namings, transcripts
from storage.job import Job
from tests.journeys.bench import Bench, recording
from tests.journeys.installing import browser, many_settings

OTHER = Ids(team="T0OTHER", name="Other", bot_user="U0OTHERBOT", bot="B0OTHER")
NORTH = Ids(team="T0NORTH", name="North", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")
SOUTH = Ids(team="T0SOUTH", name="South", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")


@dataclass(frozen=True, kw_only=True)
class Two:
    """A workspace with a recording that was answered, and another one whose people would like to get at it."""

    bench: Bench
    owner: Team
    other: Team
    share: Share
    job: Job
    reply: Message

    @property
    def is_one_organisation(self) -> bool:
        """Return whether the app was installed once for both: then no two channels and no two people have one id."""
        return self.owner.team_id == NORTH.team

    @property
    def alike(self) -> Channel:
        """Return the channel that the other one's people name: called like the owner's, where that can be."""
        return self.other.channel("general") if self.is_one_organisation else self.share.channel

    @property
    def person(self) -> str:
        """Return the person of the other one, called like the owner's, where that can be."""
        return self.other.user("sipho") if self.is_one_organisation else self.job.origin.user

    async def untouched(self) -> None:
        """Nothing was said, changed, begun or named."""
        await self.owner.quiet()
        [job] = await self.bench.jobs()
        assert job == self.job
        assert self.owner.message(self.share.channel.id, self.reply.ts).blocks == self.reply.blocks
        assert len(self.owner.messages(self.share.channel.id)) == 2
        assert (self.owner.modals, self.other.modals) == ({}, {})
        bot = self.bench.bot
        assert bot is not None
        assert await bot.tools.database.read(lambda tx: namings.newest(tx, job.id)) is None
        assert await bot.tools.database.read(lambda tx: exports.of_job(tx, job.id)) == []
        tried = [call for call in self.other.calls if not call.ok]
        assert tried == [], "nothing was even asked for with the other one's token"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(installed=False) as running:
        running.subscriptions.add("file_deleted")
        yield running


@pytest.fixture(params=["two workspaces", "two of an organisation"])
async def two(request: pytest.FixtureRequest, bench: Bench, slack: Slack) -> Two:
    settings = many_settings(slack)
    if request.param == "two workspaces":
        teams: tuple[Team, Team] = (slack, slack.add_workspace(OTHER))
        places = [team.team_id for team in teams]
    else:
        teams, places = (slack.add_workspace(NORTH), slack.add_workspace(SOUTH)), ["E0ORG"]
    whose, other = teams
    for team in teams:
        team.subscriptions |= {"file_deleted", "app_home_opened"}
    await bench.start(**settings)
    for place in places:
        async with browser(settings) as person:
            assert (await person.install(place)).status == 200
    share = await whose.share(whose.channel("general"), [recording()])
    [job] = await bench.ended()
    [reply] = await whose.wait_for_replies(share)
    return Two(bench=bench, owner=whose, other=other, share=share, job=job, reply=reply)


async def no_command(two: Two) -> None:
    job, other = two.job, two.other
    for ask in ("status", "cancel", "retry", "delete"):
        for channel in (other.channel("general"), None):
            answer = await other.command("/transcripts", f"{ask} {job.id}", channel=channel)
            assert answer.messages[0]["text"] == words.NO_SUCH_RECORDING
    # As if channels and people were called alike in both.
    other._services.workspace.users[two.person] = "amara"
    alike = two.alike
    for ask in (f"status {job.id}", f"cancel {job.id}", f"retry {job.id}", f"delete {job.id}"):
        answer = await other.command("/transcripts", ask, user=two.person, channel=alike)
        assert answer.messages[0]["text"] == words.NO_SUCH_RECORDING
    for channel in (alike, None):
        listed = await other.command("/transcripts", "list", user=two.person, channel=channel)
        assert listed.messages[0]["text"] == words.NO_RECORDINGS


async def no_button(two: Two) -> None:
    for action in (NAME_SPEAKERS, UNDO_NAMING, CANCEL, RETRY, RERUN, EXPORT):
        await _no_button(two, action)


async def _no_button(two: Two, action: str) -> None:
    channel = two.alike.id
    value = f"{two.job.id}:0" if action in {NAME_SPEAKERS, UNDO_NAMING} else two.job.id
    answer = await two.other.interact(
        {
            "type": "block_actions",
            "user": {"id": two.person, "team_id": two.other.team_id},
            "channel": {"id": channel},
            "message": {"ts": two.reply.ts},
            "container": {"type": "message", "message_ts": two.reply.ts, "channel_id": channel},
            "actions": [{"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": "1.0"}],
        }
    )
    [said] = await answer.wait_for_messages()
    assert said["text"] in {words.NOT_HERE, words.NOTHING_TO_NAME, words.NOTHING_TO_EXPORT, words.NO_SUCH_RECORDING}


async def no_shortcut(two: Two) -> None:
    for ts, what in product((two.reply.ts, two.share.ts), (NAME_SPEAKERS, EXPORT)):
        answer = await two.other.interact(
            {
                "type": "message_action",
                "callback_id": what,
                "action_ts": "1.0",
                "user": {"id": two.person, "team_id": two.other.team_id},
                "channel": {"id": two.alike.id},
                "message": {"ts": ts, "type": "message"},
            }
        )
        [said] = await answer.wait_for_messages()
        assert said["text"] in {words.NOTHING_TO_NAME, words.NOTHING_TO_EXPORT}


async def no_form(two: Two) -> None:
    for form in (FORM, RERUN_FORM, EXPORT_FORM):
        await _no_form(two, form)


async def _no_form(two: Two, form: str) -> None:
    channel = two.alike.id
    context = {"job": two.job.id, "version": 0, "retried": two.job.retried, "channel": channel, "thread": None}
    values: dict[str, Any] = {
        "typed:0:0": {"typed": {"type": "plain_text_input", "value": "Mallory"}},
        FORMAT: {FORMAT: {"type": "radio_buttons", "selected_option": {"value": "txt"}}},
    }
    await two.other.interact(
        {
            "type": "view_submission",
            "user": {"id": two.person, "team_id": two.other.team_id},
            "view": {
                "id": "V1",
                "type": "modal",
                "callback_id": form,
                "private_metadata": json.dumps(context),
                "state": {"values": values},
                "blocks": [{"type": "input", "block_id": "typed:0:0"}],
                "team_id": two.other.team_id,
            },
        }
    )


async def no_event(two: Two) -> None:
    channel, file = two.alike.id, "F0ELSEWHERE" if two.is_one_organisation else two.share.file_ids[0]
    events: list[dict[str, Any]] = [
        {"type": "file_deleted", "file_id": file},
        {"type": "message", "subtype": "message_deleted", "channel": channel, "deleted_ts": two.share.ts, "ts": "9.0"},
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": channel,
            "ts": "9.0",
            "message": {"subtype": "tombstone", "ts": two.share.ts},
        },
    ]
    for event in events:
        assert (await two.other.deliver(event | {"event_ts": "9.0"})).status == 200


async def no_home(two: Two) -> None:
    user = two.person  # in an organisation, people have one such page in all of its teams
    two.other.open_home(user=user)
    await two.other.until(lambda: user in two.other.homes)
    assert two.job.id not in json.dumps(two.other.homes[user])


async def no_search(two: Two) -> None:
    """Also where both had a channel of one id, and a person of one id in it."""
    bot, channel, user = two.bench.bot, two.share.channel, two.job.origin.user
    assert bot is not None
    transcript = await bot.tools.database.read(lambda tx: transcripts.get(tx, two.job.id))
    assert transcript is not None
    what = max(transcript.turns[0].text.split(), key=len).strip(".,?!")
    asked = f"search {what}"
    if not two.is_one_organisation:
        two.other._services.workspace.channels[channel.id] = replace(
            channel, members={*channel.members, OTHER.bot_user}
        )
    for where in (two.alike, None):
        answer = await two.other.command("/transcripts", asked, user=two.person, channel=where)
        assert answer.messages[0]["text"] == words.nothing_found(what)
    two.other._services.workspace.channels.pop(channel.id, None)
    found = await two.owner.command("/transcripts", asked, user=user, channel=channel)
    assert found.messages[0]["text"] != words.nothing_found(what), "whose it is finds it"


async def test_nothing_that_people_of_another_workspace_can_send_reaches_it(two: Two) -> None:
    for attack in (no_command, no_button, no_shortcut, no_form, no_event, no_home, no_search):
        await attack(two)
        await two.untouched()


@pytest.mark.parametrize("two", ["two workspaces"], indirect=True)  # the token of an organisation opens both of its
async def test_settings_and_requests_in_the_name_of_anothers_channel_are_refused(two: Two) -> None:
    channel, user = two.share.channel.id, {"id": two.job.origin.user, "team_id": two.other.team_id}
    answer = await two.other.interact(
        {
            "type": "message_action",
            "callback_id": TRANSCRIBE,
            "action_ts": "1.0",
            "user": user,
            "channel": {"id": channel},
            "message": {
                "ts": two.share.ts,
                "type": "message",
                "user": user["id"],
                "files": [{"id": two.share.file_ids[0], "name": "note.m4a", "mimetype": "audio/mp4"}],
            },
        }
    )
    [said] = await answer.wait_for_messages()
    assert said["text"] == words.INVITE_FIRST
    await two.other.interact(
        {
            "type": "view_submission",
            "user": user,
            "view": {
                "id": "V1",
                "type": "modal",
                "callback_id": SETTINGS_FORM,
                "blocks": [],
                "state": {"values": {}},
                "private_metadata": json.dumps({"kind": "channel", "whose": channel, "version": 0}),
            },
        }
    )
    bot = two.bench.bot
    assert bot is not None
    assert await bot.tools.database.read(lambda tx: tx.all("SELECT * FROM preferences")) == []
    assert await two.bench.jobs() == [two.job]


@pytest.mark.parametrize("two", ["two workspaces"], indirect=True)  # the token of an organisation opens both of its
async def test_a_sharing_that_names_anothers_file_is_looked_for_with_ones_own_token_and_not_found(two: Two) -> None:
    channel, file = two.share.channel.id, two.share.file_ids[0]
    event = {"type": "file_shared", "channel_id": channel, "file_id": file, "user_id": "U1", "event_ts": "9.0"}
    assert (await two.other.deliver(event)).status == 200
    await two.other.until(lambda: [call for call in two.other.calls if call.method == "files.info"])
    assert {call.error for call in two.other.calls if call.method == "files.info"} == {"file_not_found"}
    assert len(two.owner.messages(channel)) == 2


@pytest.mark.parametrize("two", ["two workspaces"], indirect=True)  # an organisation leaves as a whole
async def test_a_workspace_that_leaves_takes_nothing_of_another_along(two: Two) -> None:
    await two.other.deliver({"type": "app_uninstalled"})
    bot = two.bench.bot
    assert bot is not None
    await bot.tools.database.write(lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 90000000"))
    await bot.house.keep_seldom()
    assert await two.bench.jobs() == [two.job]
