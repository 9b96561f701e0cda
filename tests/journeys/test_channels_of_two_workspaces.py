"""A channel can be in two workspaces of one organisation: there one sharing is one job, and everybody reaches it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, RERUN, SEARCH, TRANSCRIBE, UNDO_NAMING
from sandbox.script import Segment
from sandbox.slack import Channel, Ids, Share, Slack, Team
from storage.job import Job, JobState, Reason
from tests.journeys.bench import Bench, eventually, press_control, recording
from tests.journeys.installing import browser, many_settings

NORTH = Ids(team="T0NORTH", name="North", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")
SOUTH = Ids(team="T0SOUTH", name="South", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")
ELSEWHERE = Ids(team="T0ELSEWHERE", name="Elsewhere", bot_user="U0OTHERBOT", bot="B0OTHER", enterprise="E0OTHER")
EMOJI = "studio_microphone"
TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning."),
    Segment(start=4, end=6, speaker=1, text="A delivery."),
]


@dataclass(frozen=True, kw_only=True)
class Both:
    """The channel, of which Amara is in North and Sipho in South."""

    bench: Bench
    north: Team
    south: Team
    channel: Channel
    settings: dict[str, Any]

    async def shared(self, **more: Any) -> Share:
        return await self.north.share(self.channel, [recording()], **more)

    async def said_in_south(self, share: Share) -> None:
        """The event about the same sharing, as if it had happened in South."""
        event = {"type": "file_shared", "channel_id": self.channel.id, "file_id": share.file_ids[0], "user_id": "U1"}
        assert (await self.south.deliver(event | {"event_ts": share.ts})).status == 200

    async def one_job(self) -> Job:
        """There is one, and one message of the bot's."""
        await self.bench.ended_at_last(len(await self.bench.jobs()))
        jobs = [job for job in await self.bench.jobs() if job.failure is None or job.failure.reason != Reason.DUPLICATE]
        assert len(jobs) == 1
        assert len([message for message in self.north.messages(self.channel.id) if message.by_bot]) == 1
        return jobs[0]

    async def answer(self, text: str, *, user: str = "sipho", channel: Channel | None = None) -> str:
        person = self.south.user(user)
        answer = await self.south.command("/transcripts", text, user=person, channel=channel)
        return str(answer.messages[0]["text"]) if answer.messages else ""


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(installed=False) as running:
        yield running


async def installed(bench: Bench, slack: Slack, teams: tuple[Ids, Ids], places: list[str], **more: Any) -> Both:
    north, south = (slack.add_workspace(ids) for ids in teams)
    for team in (north, south):
        team.subscriptions |= {"file_deleted", "app_home_opened", "reaction_added"}
        team.scopes |= {"users:read", "reactions:read", "channels:history"}
    bench.botlhale.script = TALK
    settings = many_settings(slack, allow_slack_connect=True, reaction_request=EMOJI, **more)
    await bench.start(**settings)
    for place in places:
        async with browser(settings) as person:
            assert (await person.install(place)).status == 200
    channel = north.channel("general", people=("amara",))
    north.add_channel_to(south, channel, people=("sipho",))
    return Both(bench=bench, north=north, south=south, channel=channel, settings=settings)


@pytest.fixture
async def both(bench: Bench, slack: Slack) -> Both:
    return await installed(bench, slack, (NORTH, SOUTH), ["E0ORG"])


async def test_two_events_about_one_sharing_make_one_job_whichever_workspace_they_name(both: Both) -> None:
    share = await both.shared()
    await both.said_in_south(share)
    await both.north.wait_for_replies(share)
    assert (await both.one_job()).origin.team in {"T0NORTH", "T0SOUTH"}


@pytest.mark.parametrize("way", ["shortcut", "reaction"])
async def test_whoever_asks_for_a_recording_asks_for_the_same_job(both: Both, way: str) -> None:
    both.north.subscriptions.discard("file_shared")
    share = await both.shared()
    message = both.north.message(both.channel.id, share.ts)
    for team, person in ((both.south, "sipho"), (both.north, "amara")):
        if way == "shortcut":
            await team.choose(message, TRANSCRIBE, user=team.user(person))
        else:
            team.react(both.channel, share.ts, EMOJI, user=team.user(person))
        await both.north.wait_for_replies(share)
        await team.quiet()
    await both.one_job()


async def test_people_of_both_workspaces_press_the_buttons_and_send_the_forms(both: Both) -> None:
    share = await both.shared()
    [reply] = await both.north.wait_for_replies(share)
    job = await both.one_job()
    sipho = both.south.user("sipho")

    def shown() -> str:
        return json.dumps(both.north.message(both.channel.id, reply.ts).blocks)

    await both.south.press(reply, NAME_SPEAKERS, user=sipho)
    [form] = both.south.modals.values()
    await both.south.send(form, {words.name_of("Speaker 1"): "Thandi"}, user=sipho)
    await eventually(lambda: "Thandi" in shown())
    await press_control(both.south, both.north.message(both.channel.id, reply.ts), UNDO_NAMING, user=sipho)
    await eventually(lambda: "Thandi" not in shown())
    for ask in (both.south.press(reply, EXPORT, user=sipho), both.south.choose(reply, EXPORT, user=sipho)):
        both.south.modals.clear()
        await ask
        assert len(both.south.modals) == 1
    [form] = both.south.modals.values()
    await both.south.send(form, {}, user=sipho)
    await eventually(lambda: len(both.north.replies(share)) == 2)
    assert [one.id for one in await both.bench.jobs()] == [job.id]


async def test_an_admin_of_either_workspace_looks_after_the_recordings(both: Both) -> None:
    share = await both.shared()
    [reply] = await both.north.wait_for_replies(share)
    await both.one_job()
    sipho = both.south.user("sipho")
    answer = await press_control(both.south, reply, RERUN, user=sipho)
    assert (await answer.wait_for_messages())[0]["text"] == words.NOT_YOURS_TO_CHANGE
    both.south.admins.add(sipho)
    await press_control(both.south, reply, RERUN, user=sipho)
    assert len(both.south.modals) == 1


async def test_the_command_knows_the_recordings_in_either_workspace(both: Both) -> None:
    share = await both.shared(user=both.south.user("sipho"))
    await both.north.wait_for_replies(share)
    job = await both.one_job()
    for channel in (both.channel, None):
        assert ": 1 transcribed\n" in await both.answer("list", channel=channel)
        assert "Posted in its thread" in await both.answer(f"status {job.id}", channel=channel)
        assert "delivery" in await both.answer("search delivery", channel=channel)
    assert await both.answer(f"delete {job.id}", channel=both.channel) == words.DELETED
    await eventually(lambda: both.north.replies(share) == [])


async def test_somebody_elses_recordings_are_not_in_ones_own_list(both: Both) -> None:
    share = await both.shared()
    await both.north.wait_for_replies(share)
    job = await both.one_job()
    assert await both.answer("list") == words.NO_RECORDINGS
    assert await both.answer(f"status {job.id}") == words.NO_SUCH_RECORDING
    elsewhere = both.south.channel("elsewhere", people=("sipho",))
    assert await both.answer(f"status {job.id}", channel=elsewhere) == words.NO_SUCH_RECORDING
    assert await both.answer("search delivery", user="lwazi") == words.nothing_found("delivery")


async def test_the_search_form_finds_what_was_said_there_for_those_who_are_in_it(both: Both) -> None:
    share = await both.shared()
    await both.north.wait_for_replies(share)
    await both.one_job()
    for person, found in (("sipho", "1 recording mentions “delivery”"), ("lwazi", words.nothing_found("delivery"))):
        both.south.modals.clear()
        await both.south.choose_anywhere(SEARCH, user=both.south.user(person))
        [form] = both.south.modals.values()
        await both.south.send(form, {words.SEARCH_WORDS: "delivery"}, user=both.south.user(person))
        [form] = both.south.modals.values()
        assert found in json.dumps(form["blocks"], ensure_ascii=False)


async def test_ones_own_page_shows_them_whichever_workspace_the_channel_is_at_home_in(both: Both) -> None:
    sipho = both.south.user("sipho")
    share = await both.shared(user=sipho)
    await both.north.wait_for_replies(share)
    job = await both.one_job()
    both.south.open_home(user=sipho)
    await both.south.until(lambda: job.id in json.dumps(both.south.homes.get(sipho)))


@pytest.mark.parametrize("whose", ["channel", "person"])
async def test_what_is_set_in_one_workspace_counts_for_what_the_other_one_is_named_with(both: Both, whose: str) -> None:
    sipho = both.south.user("sipho")
    before = await both.shared(user=sipho)
    await both.north.wait_for_replies(before)
    await both.south.command(
        "/transcripts", "settings", user=sipho, channel=both.channel if whose == "channel" else None
    )
    [form] = both.south.modals.values()
    await both.south.send(form, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST}, user=sipho)
    await both.shared(user=sipho)
    [_, job] = sorted(await both.bench.ended(2), key=lambda job: job.created_at)
    assert job.failure is not None
    assert job.failure.reason is Reason.ON_REQUEST


async def test_a_message_is_deleted_whichever_workspace_the_event_names(both: Both) -> None:
    share = await both.shared()
    await both.north.wait_for_replies(share)
    await both.one_job()
    event = {"type": "message", "subtype": "message_deleted", "channel": both.channel.id, "deleted_ts": share.ts}
    assert (await both.south.deliver(event | {"ts": "9.0", "event_ts": "9.0"})).status == 200
    await eventually(lambda: both.north.replies(share) == [])


async def test_a_file_is_deleted_whichever_workspace_the_event_names(both: Both) -> None:
    share = await both.shared()
    await both.north.wait_for_replies(share)
    await both.one_job()
    event = {"type": "file_deleted", "file_id": share.file_ids[0], "event_ts": "9.0"}
    assert (await both.south.deliver(event)).status == 200
    await eventually(lambda: both.north.replies(share) == [])


async def test_what_was_missed_is_caught_up_once(both: Both) -> None:
    bot = both.bench.bot
    assert bot is not None
    await bot.tools.database.write(lambda tx: tx.run("UPDATE installations SET installed_at = installed_at - 86400000"))
    while not await bot.tools.database.write(  # noqa: ASYNC110 - nobody tells that it is noted
        lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 3600000")
    ):
        await asyncio.sleep(0.01)
    await both.bench.stop()
    both.north.retry_delays = ()
    share = await both.shared()
    await both.north.quiet()
    await both.bench.start(**both.settings)
    await both.north.wait_for_replies(share)
    await both.one_job()


async def test_a_channel_of_two_organisations_stays_two_jobs(bench: Bench, slack: Slack) -> None:
    both = await installed(bench, slack, (NORTH, ELSEWHERE), ["E0ORG", "E0OTHER"])
    await apart(both)


async def test_two_workspaces_that_installed_it_themselves_stay_two_jobs(bench: Bench, slack: Slack) -> None:
    teams = (NORTH, Ids(team="T0SOUTH", bot_user="U0SOUTHBOT", bot="B0SOUTH", enterprise="E0ORG"))
    await apart(await installed(bench, slack, teams, ["T0NORTH", "T0SOUTH"]))


async def test_a_workspace_that_installed_it_itself_stays_apart_from_its_organisation(
    bench: Bench, slack: Slack
) -> None:
    teams = (NORTH, Ids(team="T0SOUTH", bot_user="U0SOUTHBOT", bot="B0SOUTH", enterprise="E0ORG"))
    await apart(await installed(bench, slack, teams, ["E0ORG", "T0SOUTH"]))


async def apart(both: Both) -> None:
    """Each has a job of its own for one sharing, and cannot reach the other's."""
    share = await both.shared()
    [reply] = await both.north.wait_for_replies(share)
    await both.said_in_south(share)
    await eventually(lambda: len(both.north.replies(share)) == 2)
    found = await both.bench.ended(2)
    assert {job.origin.team for job in found} == {both.north.team_id, both.south.team_id}
    assert {job.state for job in found} == {JobState.REPLIED}
    [theirs] = [job for job in found if job.origin.team == both.north.team_id]
    sipho = both.south.user("sipho")
    for action in (NAME_SPEAKERS, EXPORT, RERUN):
        answer = await press_control(both.south, reply, action, user=sipho)
        [said] = await answer.wait_for_messages()
        assert said["text"] in {words.NOT_HERE, words.NO_SUCH_RECORDING}
    assert both.south.modals == {}
    assert await both.answer(f"status {theirs.id}", channel=both.channel) == words.NO_SUCH_RECORDING
    assert theirs.id not in await both.answer("list", channel=both.channel)
