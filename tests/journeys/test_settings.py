"""What a channel, a person and the workspace want: who may say so, and that it counts."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import words
from handlers.action_ids import WORKSPACE_SETTINGS
from sandbox.script import Segment
from sandbox.slack import Channel, Message, Share, Slack
from storage import preferences
from storage.job import JobState, Reason
from storage.preferences import NONE, Preferences, Scope
from tests.journeys.bench import Bench, only_reply, recording, silent, words_of

PEOPLE = ("amara", "thandi", "admin")


@pytest.fixture(autouse=True)
def an_admin(slack: Slack) -> None:
    slack.scopes.add("users:read")
    slack.admins.add(slack.user("admin"))


async def opened(slack: Slack, channel: Channel | None, *, user: str = "amara") -> tuple[dict[str, Any] | None, str]:
    """The form of a channel or, without one, the person's own; and what was said instead."""
    slack.modals.clear()
    answer = await slack.command("/transcripts", "settings", channel=channel, user=slack.user(user))
    said = " ".join(str(message["text"]) for message in answer.messages)
    return next(iter(slack.modals.values()), None), said


async def chosen(slack: Slack, channel: Channel | None, entered: dict[str, str], *, user: str = "amara") -> Any:
    form, said = await opened(slack, channel, user=user)
    assert form is not None, said
    return await slack.send(form, entered, user=slack.user(user))


async def kept(bench: Bench, place: Scope) -> Preferences:
    assert bench.bot is not None
    return (await bench.bot.tools.database.read(lambda tx: preferences.get(tx, place))).preferences


def of(channel: Channel) -> Scope:
    return Scope(team="T0SANDBOX", kind="channel", owner=channel.id)


async def answered(bench: Bench, channel: Channel, *, user: str = "amara") -> tuple[Share, Message]:
    share = await bench.slack.share(channel, [recording()], user=bench.slack.user(user))
    await bench.ended()
    return share, await only_reply(bench.slack, share)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_channel_on_request_leaves_recordings_alone(bench: Bench, slack: Slack, mode: str) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    await bench.start(**way_in)
    channel = slack.channel("general", people=PEOPLE)
    answer = await chosen(slack, channel, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST})
    assert not answer.body
    assert slack.modals == {}
    await slack.share(channel, [recording()])
    [job] = await bench.ended()
    assert job.failure is not None
    assert job.failure.reason is Reason.ON_REQUEST
    assert silent(slack, channel)
    assert bench.botlhale.uploads == {}
    await answered(bench, slack.channel("other"))


async def test_what_is_chosen_reaches_the_transcriber_and_the_reply(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = [Segment(start=0, end=1, speaker=0, text="Sawubona.")]
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    shown = {words.CHOOSE_FORM: words.ALWAYS_FILES, words.CHOOSE_MARKS: words.WITHOUT_MARKS}
    await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "isiZulu"} | shown)
    _, reply = await answered(bench, channel)
    assert "zu-ZA" in next(iter(bench.botlhale.uploads))
    assert len(reply.files) == 2
    assert "0:00" not in words_of(reply)
    text = next(file.source for file in reply.files if file.name.endswith(".txt"))
    assert b"Sawubona" in bytes(text)  # type: ignore[arg-type]
    assert b"0:00" not in bytes(text)  # type: ignore[arg-type]


async def test_the_form_shows_what_is_set(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    entered = {words.CHOOSE_LANGUAGE: "isiZulu", words.CHOOSE_SPEAKERS: "2-4", words.CHOOSE_AUTOMATIC: words.BY_ITSELF}
    await chosen(slack, channel, entered)
    before = await kept(bench, of(channel))
    await chosen(slack, channel, {})
    assert await kept(bench, of(channel)) == before != NONE


async def test_another_transcriber_may_be_chosen_for_a_channel(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    await chosen(slack, channel, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    await slack.share(channel, [recording()])
    job = await bench.waits(JobState.SUBMITTED)
    assert job.provider == "embedded"
    assert bench.botlhale.uploads == {}


async def test_one_s_own_settings_are_opened_in_a_direct_message_and_count_everywhere(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    await chosen(slack, None, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST}, user="thandi")
    channel = slack.channel("general", people=PEOPLE)
    await slack.share(channel, [recording()], user=slack.user("thandi"))
    await bench.ended()
    assert silent(slack, channel)
    await answered(bench, slack.channel("other", people=PEOPLE))


def in_home(slack: Slack, action: str, *, user: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": slack.user(user)},
        "actions": [{"action_id": action, "type": "button", "value": ""}],
        "view": {"type": "home"},
    }


async def test_an_admin_sets_what_counts_for_everybody(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await slack.interact(in_home(slack, WORKSPACE_SETTINGS, user="admin"))
    [form] = slack.modals.values()
    await slack.send(form, {words.CHOOSE_LANGUAGE: "Sesotho"}, user=slack.user("admin"))
    await answered(bench, slack.channel("general", people=PEOPLE))
    assert "st-ZA" in next(iter(bench.botlhale.uploads))


async def test_nobody_else_does(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await slack.interact(in_home(slack, WORKSPACE_SETTINGS, user="amara"))
    assert [view["blocks"][0]["text"]["text"] for view in slack.modals.values()] == [words.ONLY_ADMINS]
    slack.modals.clear()
    await slack.interact(in_home(slack, WORKSPACE_SETTINGS, user="admin"))
    [form] = slack.modals.values()
    slack.admins.clear()
    answer = await slack.send(form, {words.CHOOSE_LANGUAGE: "Sesotho"}, user=slack.user("admin"))
    assert words.ONLY_ADMINS in str(answer.body)
    assert await kept(bench, Scope(team="T0SANDBOX", kind="workspace")) == NONE


async def test_a_locked_channel_is_changed_by_admins_only(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    mine, _ = await opened(slack, channel)
    assert mine is not None
    assert words.CHOOSE_LOCKED not in str(mine)
    await chosen(slack, channel, {words.CHOOSE_LOCKED: words.ADMINS_CHANGE}, user="admin")
    assert await opened(slack, channel) == (None, words.LOCKED)
    slack.modals[mine["id"]] = mine
    answer = await slack.send(mine, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST})
    assert words.LOCKED in str(answer.body)
    assert (await kept(bench, of(channel))).automatic is None
    await chosen(slack, channel, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST}, user="admin")
    assert (await kept(bench, of(channel))).automatic is False


async def test_where_admins_cannot_be_known_that_is_said(bench: Bench, slack: Slack) -> None:
    slack.scopes.discard("users:read")
    await bench.start()
    answer = await slack.interact(in_home(slack, WORKSPACE_SETTINGS, user="admin"))
    assert [view["blocks"][0]["text"]["text"] for view in slack.modals.values()] == [words.ADMINS_NOT_KNOWN]
    slack.modals.clear()
    assert answer.status == 200 or answer.status is None
    form, _ = await opened(slack, slack.channel("general", people=PEOPLE), user="admin")
    assert form is not None
    assert words.CHOOSE_LOCKED not in str(form)


@pytest.mark.parametrize("way", ["never was in it", "left it", "without the bot"])
async def test_only_who_is_in_a_channel_sets_it(bench: Bench, slack: Slack, way: str) -> None:
    await bench.start()
    people = ("thandi",) if way == "never was in it" else PEOPLE
    channel = slack.channel("secret", kind="private", people=people, member=way != "without the bot")
    form, said = await opened(slack, channel)
    if way == "left it":
        assert form is not None
        channel.members.discard(slack.user("amara"))
        said = str((await slack.send(form, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST})).body)
    assert words.NOT_IN_CHANNEL in said
    assert await kept(bench, of(channel)) == NONE


@pytest.mark.parametrize("change", ["whose", "kind", "team", "nonsense"])
async def test_a_form_that_was_changed_sets_nothing(bench: Bench, slack: Slack, change: str) -> None:
    await bench.start()
    form, _ = await opened(slack, None)
    assert form is not None
    other = slack.user("thandi")
    metadata = {
        "whose": f'{{"kind": "person", "whose": "{other}", "version": 0}}',
        "kind": '{"kind": "workspace", "whose": "", "version": 0}',
        "team": form["private_metadata"],
        "nonsense": "[",
    }[change]
    values = {"values": {"automatic:0": {"automatic": {"selected_option": {"value": "no"}}}}}
    changed = {**form, "private_metadata": metadata, "state": values}
    payload = {"type": "view_submission", "user": {"id": slack.user("amara")}, "view": changed}
    if change == "team":
        payload["team"] = {"id": "T0ELSEWHERE", "domain": "x"}
    await slack.interact(payload)
    assert bench.bot is not None
    rows = await bench.bot.tools.database.read(lambda tx: tx.all("SELECT whose FROM preferences"))
    assert rows == []


async def test_whoever_saves_last_sees_what_was_saved_since(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    mine, _ = await opened(slack, channel)
    assert mine is not None
    await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "isiZulu"}, user="thandi")
    slack.modals[mine["id"]] = mine
    answer = await slack.send(mine, {words.CHOOSE_LANGUAGE: "Sesotho"})
    assert words.SET_MEANWHILE in str(answer.body)
    [again] = slack.modals.values()
    await slack.send(again, {words.CHOOSE_LANGUAGE: "Sesotho"})
    assert (await kept(bench, of(channel))).options.language == "st-ZA"


# Channels of two companies


async def test_a_channel_of_two_companies_is_turned_on_by_somebody_inside(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("partners", people=PEOPLE, external=True)
    await slack.share(channel, [recording()])
    await bench.ended()
    assert silent(slack, channel)
    form, _ = await opened(slack, channel)
    assert form is not None
    assert words.OUTSIDE_INTRO in str(form)
    assert "a company in South Africa" in str(form)
    await slack.send(form, {words.CHOOSE_OUTSIDE: words.OUTSIDE_ON})
    await answered(bench, channel)


async def test_where_both_companies_are_allowed_a_channel_may_be_turned_off(bench: Bench, slack: Slack) -> None:
    await bench.start(allow_slack_connect=True)
    channel = slack.channel("partners", people=PEOPLE, external=True)
    await chosen(slack, channel, {words.CHOOSE_OUTSIDE: words.OUTSIDE_OFF})
    await slack.share(channel, [recording()])
    await bench.ended()
    assert silent(slack, channel)


async def test_a_vocabulary_is_offered_where_somebody_takes_it(bench: Bench, slack: Slack) -> None:
    await bench.start(
        gowajee_api_key="invented",
        gowajee_webhook_id="c0ffee00-1111-4222-8333-944445555666",
        gowajee_webhook_token="invented-token-0123456789",
    )
    channel = slack.channel("general", people=PEOPLE)
    await chosen(slack, channel, {words.CHOOSE_WORDS: "Sipho, Naledi\nSipho\n\nสวัสดี"})
    assert (await kept(bench, of(channel))).options.vocabulary == ("Sipho", "Naledi", "สวัสดี")
    answer = await chosen(slack, channel, {words.CHOOSE_WORDS: "\n".join(map(str, range(201)))})
    assert words.too_many_words(200) in str(answer.body)


async def for_everybody(slack: Slack, entered: dict[str, str]) -> None:
    slack.modals.clear()
    await slack.interact(in_home(slack, WORKSPACE_SETTINGS, user="admin"))
    [form] = slack.modals.values()
    await slack.send(form, entered, user=slack.user("admin"))
    assert slack.modals == {}


async def test_a_language_is_checked_against_the_transcriber_that_counts_there(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await for_everybody(slack, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    channel = slack.channel("general", people=PEOPLE)
    answer = await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "isiZulu"})
    assert words.not_in_that_language("the offline engine") in str(answer.body)


async def test_a_language_that_another_transcriber_was_meant_for_shuts_no_channel(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await for_everybody(slack, {words.CHOOSE_LANGUAGE: "isiZulu"})
    channel = slack.channel("general", people=PEOPLE)
    await chosen(slack, channel, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    await slack.share(channel, [recording()])
    job = await bench.waits(JobState.SUBMITTED)
    assert (job.provider, job.options.language) == ("embedded", None)
