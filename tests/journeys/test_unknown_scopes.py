"""Slack does not tell which scopes the app has: what may work is offered, and Slack decides."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, WORKSPACE_SETTINGS
from sandbox.slack import Message, Slack
from storage.exports import Recipient
from tests.journeys.bench import Bench, eventually, only_reply, recording, words_of

ME = words.recipient(Recipient.PERSON)[0]


@pytest.fixture(autouse=True)
def unknown(slack: Slack) -> None:
    slack.tells_scopes = False


async def answered(bench: Bench) -> Message:
    await bench.start()
    share = await bench.slack.share(bench.slack.channel("general", people=("amara", "thandi")), [recording()])
    await bench.ended()
    return await only_reply(bench.slack, share)


async def opened(slack: Slack, reply: Message, action: str) -> dict[str, Any]:
    slack.modals.clear()
    await slack.press(reply, action)
    [form] = slack.modals.values()
    return form


def picks_people(form: dict[str, Any]) -> bool:
    return "users_select" in str(form["blocks"])


async def test_what_is_granted_works(bench: Bench, slack: Slack) -> None:
    slack.scopes |= {"users:read", "im:write"}
    direct = slack.channel("", kind="im", people=("amara",))
    reply = await answered(bench)
    await slack.send(await opened(slack, reply, EXPORT), {words.EXPORT_RECIPIENT: ME})
    await bench.ended()
    assert [len(message.files) for message in slack.messages(direct.id)] == [1]
    form = await opened(slack, reply, NAME_SPEAKERS)
    assert picks_people(form)
    await slack.send(form, {words.person_for("Speaker 1"): slack.user("thandi")})
    await eventually(lambda: "thandi" in words_of(slack.message(reply.channel_id, reply.ts)))


async def test_a_file_for_one_person_that_slack_refuses_is_told_to_whoever_asked(bench: Bench, slack: Slack) -> None:
    reply = await answered(bench)
    await slack.send(await opened(slack, reply, EXPORT), {words.EXPORT_RECIPIENT: ME})
    await bench.ended()
    assert [said["text"] for said in slack.ephemerals] == [words.NOT_EXPORTED]
    assert words.EXPORT_THREAD_ONLY in str((await opened(slack, reply, EXPORT))["blocks"]), "what was refused is known"


async def test_a_person_who_cannot_be_looked_up_is_typed(bench: Bench, slack: Slack) -> None:
    slack.scopes.add("users:read")
    reply = await answered(bench)
    form = await opened(slack, reply, NAME_SPEAKERS)
    assert picks_people(form)
    slack.scopes.remove("users:read")
    answer = await slack.send(form, {words.person_for("Speaker 1"): slack.user("thandi")})
    assert isinstance(answer.body, dict)
    assert list(answer.body["errors"].values()) == [words.TYPE_THE_NAME]
    assert not picks_people(await opened(slack, reply, NAME_SPEAKERS)), "what was refused is known"


async def test_where_people_turn_out_not_to_be_known_none_is_offered(bench: Bench, slack: Slack) -> None:
    reply = await answered(bench)
    form = await opened(slack, reply, NAME_SPEAKERS)
    assert not picks_people(form), "whoever shared it could not be looked up either"


async def test_who_is_no_known_admin_is_told_that_admins_are_not_known(bench: Bench, slack: Slack) -> None:
    slack.admins.add(slack.user("amara"))
    await bench.start()
    pressed = await slack.interact(
        {
            "type": "block_actions",
            "user": {"id": slack.user("amara")},
            "channel": {"id": slack.channel("general").id},
            "actions": [{"action_id": WORKSPACE_SETTINGS, "type": "button", "value": "x"}],
        }
    )
    assert [message["text"] for message in await pressed.wait_for_messages()] == [words.ADMINS_NOT_KNOWN]


async def test_the_reaction_of_the_outcome_is_shown(bench: Bench, slack: Slack) -> None:
    reply = await answered(bench)
    assert reply.thread_ts is not None
    assert set(slack.message(reply.channel_id, reply.thread_ts).reactions) == {"white_check_mark"}
