"""Limits on spending: whoever goes beyond one is told which, and nothing is sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.worker.quotas import month_of, next_month
from handlers import words
from sandbox.slack import Channel, Share, Slack, Upload
from storage.job import JobState, Reason
from tests.journeys.bench import Bench, tone

LIMIT = "monthly limit of 1 minute"
PEOPLE = ("amara", "thandi")


async def shared(
    bench: Bench, channel: Channel, *, user: str = "amara", seconds: float = 40, hertz: int = 440
) -> Share:
    slack = bench.slack
    upload = Upload(content=tone(seconds=seconds, hertz=hertz), name="note.wav", filetype="wav")
    count = len(await bench.jobs())
    share = await slack.share(channel, [upload], user=slack.user(user))
    await bench.ended(count + 1)
    return share


def said(slack: Slack, share: Share) -> str:
    [reply] = slack.replies(share)
    return reply.text


async def test_a_person_over_their_limit_is_told_and_nothing_is_sent(bench: Bench, slack: Slack) -> None:
    await bench.start(person_minutes=1)
    channel = slack.channel("general", people=PEOPLE)
    await shared(bench, channel)
    refused = await shared(bench, slack.channel("other", people=PEOPLE))
    assert f"This recording is 40 seconds long, and your {LIMIT} has only 20 seconds left." in said(slack, refused)
    assert "An admin can raise it." in said(slack, refused)
    assert len(bench.botlhale.uploads) == 1
    assert (await bench.jobs())[0].failure is not None
    another = await shared(bench, channel, user="thandi")
    assert LIMIT not in said(slack, another)


async def test_a_conversation_has_its_own_limit(bench: Bench, slack: Slack) -> None:
    await bench.start(channel_minutes=1)
    channel = slack.channel("general", people=PEOPLE)
    await shared(bench, channel)
    assert "this conversation's monthly limit of 1 minute" in said(slack, await shared(bench, channel, user="thandi"))
    assert LIMIT not in said(slack, await shared(bench, slack.channel("other", people=PEOPLE)))


async def test_the_workspace_has_one_too(bench: Bench, slack: Slack) -> None:
    await bench.start(workspace_minutes=1)
    await shared(bench, slack.channel("general", people=PEOPLE))
    refused = await shared(bench, slack.channel("other", people=PEOPLE), user="thandi")
    assert "this workspace's monthly limit of 1 minute" in said(slack, refused)


async def test_what_failed_at_the_provider_does_not_count(bench: Bench, slack: Slack) -> None:
    await bench.start(person_minutes=1)
    channel = slack.channel("general", people=PEOPLE)
    bench.botlhale.fail_next()
    assert words.UNCHARGED in said(slack, await shared(bench, channel))
    assert LIMIT not in said(slack, await shared(bench, channel, hertz=220))
    newest, *_ = await bench.jobs()
    assert newest.failure is None


async def test_nothing_is_said_of_a_limit_where_there_is_none(bench: Bench, slack: Slack) -> None:
    await bench.start()
    bench.botlhale.fail_next()
    reply = said(slack, await shared(bench, slack.channel("general", people=PEOPLE)))
    assert reply == "Couldn't transcribe “note. wav”. Botlhale AI couldn't process it."


async def test_what_was_charged_before_is_not_said_to_be_free(bench: Bench, slack: Slack) -> None:
    """Cancelled where the provider had it, and counted; the second try comes to nothing."""
    await bench.start(person_minutes=1)
    bench.botlhale.hold = True
    channel = slack.channel("general", people=PEOPLE)
    upload = Upload(content=tone(seconds=20), name="note.wav", filetype="wav")
    share = await slack.share(channel, [upload], user=slack.user("amara"))
    job = await bench.waits(JobState.SUBMITTED)
    await slack.command("/transcripts", f"cancel {job.id}", channel=channel)
    await bench.ended()
    bench.botlhale.hold = False
    bench.botlhale.fail_next()
    await slack.command("/transcripts", f"retry {job.id}", channel=channel)
    await bench.ended()
    assert said(slack, share) == "Couldn't transcribe “note. wav”. Botlhale AI couldn't process it."


async def test_a_recording_over_the_longest_is_refused_before_it_is_sent(bench: Bench, slack: Slack) -> None:
    await bench.start(longest_recording=1)
    refused = await shared(bench, slack.channel("general"), seconds=70)
    assert "This recording is longer than 1 minute" in said(slack, refused)
    assert bench.botlhale.uploads == {}
    assert (await bench.jobs())[0].failure is not None
    assert (await bench.jobs())[0].failure.reason is Reason.REFUSED  # type: ignore[union-attr]


DECEMBER, NEW_YEAR = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "begun", "next_one"),
    [
        (datetime(2026, 11, 20, 12, 30, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), DECEMBER),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), DECEMBER, NEW_YEAR),
        (NEW_YEAR, NEW_YEAR, datetime(2027, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_month_is_the_calendars(moment: datetime, begun: datetime, next_one: datetime) -> None:
    assert month_of(moment) == begun
    assert next_month(moment) == next_one
