"""Who is left in peace, for how long, and in what order those come who waited for it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.downloads import Downloads
from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.slack.pauses import Paused
from bot.slack.tokens import StaticToken
from bot.slack.uploads import Attachment
from bot.slack.workspace import Workspace
from bot.worker.rate_limits import LONGEST_PAUSE, OUTAGE, SHORTEST_PAUSE, RateLimits, Waiting
from sandbox.faults import answer
from sandbox.slack import Slack, Upload

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_one_recording_that_gets_no_answer_stops_nobody_else() -> None:
    limits = RateLimits()
    for _ in range(20):
        limits.record_failure("botlhale", "poison", now=NOON)
    assert limits.paused_until("botlhale", now=NOON) is None


def test_when_nobody_gets_an_answer_the_pauses_become_longer_up_to_a_minute() -> None:
    limits, now, pauses = RateLimits(), NOON, []
    for job in map(str, range(OUTAGE - 1)):
        limits.record_failure("botlhale", job, now=now)
    for _ in range(10):
        limits.record_failure("botlhale", "another", now=now)
        limits.record_failure("botlhale", "one more that was under way", now=now)
        until = limits.paused_until("botlhale", now=now)
        assert until is not None
        pauses.append(until - now)
        now = until
    assert pauses[:5] == [SHORTEST_PAUSE * 2**times for times in range(5)]
    assert pauses[-1] == LONGEST_PAUSE
    assert limits.paused_until("gowajee", now=NOON) is None


def test_one_answer_ends_the_outage() -> None:
    limits = RateLimits()
    for job in map(str, range(OUTAGE)):
        limits.record_failure("botlhale", job, now=NOON)
    later = NOON + LONGEST_PAUSE
    limits.record_success("botlhale")
    for job in map(str, range(OUTAGE - 1)):
        limits.record_failure("botlhale", job, now=later)
    assert limits.paused_until("botlhale", now=later) is None
    limits.record_failure("botlhale", "another", now=later)
    assert limits.paused_until("botlhale", now=later) == later + SHORTEST_PAUSE


def in_order(limits: RateLimits, waiting: list[Waiting]) -> list[str]:
    """The jobs in the order in which they are due, once each knows of all the others."""
    for one in waiting:
        limits.due_in_line("door", one, until=NOON)
    turns = [(limits.due_in_line("door", one, until=NOON), one.since, one.job) for one in waiting]
    assert min(turns)[0] == NOON
    return [job for _, _, job in sorted(turns)]


def a_channel(team: str, channel: str, count: int, *, since: int = 0) -> list[Waiting]:
    moments = (NOON + timedelta(seconds=since + n) for n in range(count))
    return [Waiting(job=f"{team}{channel}{n}", team=team, channel=channel, since=at) for n, at in enumerate(moments)]


def test_a_quiet_channel_and_a_quiet_workspace_have_their_turn_in_the_first_round() -> None:
    waiting = [
        *a_channel("T", "busy", 50),
        *a_channel("T", "quiet", 2, since=99),
        *a_channel("U", "small", 2, since=99),
    ]
    order = in_order(RateLimits(), waiting)
    assert {"Tquiet0", "Usmall0"} <= set(order[:4])
    assert {"Tquiet1", "Usmall1"} <= set(order[:8])


def test_a_workspace_with_many_channels_has_no_more_turns_than_one_with_a_single_one() -> None:
    many = [one for channel in "abcdefghij" for one in a_channel("T", channel, 10)]
    order = in_order(RateLimits(), [*many, *a_channel("U", "single", 30)])
    assert 25 <= sum(job.startswith("U") for job in order[:70]) <= 30


@given(st.permutations(a_channel("T", "C", 12)))
def test_in_a_channel_the_oldest_is_first_in_whatever_order_they_come(waiting: list[Waiting]) -> None:
    assert in_order(RateLimits(), waiting) == [f"TC{n}" for n in range(12)]


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(scopes=Slack.DEFAULT_SCOPES | {"channels:history"}) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def workspace_in(slack: Slack, session: aiohttp.ClientSession) -> Workspace:
    client = AsyncWebClient(base_url=slack.api_url, retry_handlers=[], session=session)
    token = StaticToken(SecretStr(slack.bot_token))
    downloads = Downloads(session=session, token=token, origins=(slack.origin,))
    return Workspace(client=client, session=session, token=token, downloads=downloads)


@pytest.mark.parametrize("code", [429, 503])
async def test_no_method_is_called_before_the_time_that_slack_asked_for_is_over(
    slack: Slack, session: aiohttp.ClientSession, tmp_path: Path, code: int
) -> None:
    share = await slack.share(slack.channel("general"), [Upload(content=b"RIFF")])
    workspace = workspace_in(slack, session)
    downloads = workspace.downloads
    channel, ts, file = share.channel.id, share.ts, share.file_ids[0]
    address = (await workspace.file(file)).address or ""
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "auth.test": workspace.identify,
        "files.info": lambda: workspace.file(file),
        "conversations.info": lambda: workspace.conversation(channel),
        "conversations.replies": lambda: workspace.find_reply(channel, ts, "mark"),
        "reactions.add": lambda: workspace.react(channel, ts, "eyes"),
        "reactions.remove": lambda: workspace.unreact(channel, ts, "tada"),
        "chat.postMessage": lambda: workspace.post(channel, ts, text="t", blocks=[], mark="mark"),
        "files.getUploadURLExternal": lambda: workspace.upload(Attachment(name="a.txt", title="A", content=b"a")),
        "files.completeUploadExternal": lambda: workspace.share(channel, ts, files={file: "A"}, blocks=[]),
        "upload": lambda: workspace.upload(Attachment(name="a.txt", title="A", content=b"a")),
        "download": lambda: downloads.fetch(address, tmp_path / "file", largest=100),
    }
    calls.pop("upload" if code == 429 else "files.getUploadURLExternal")  # two calls of one way: each in its turn
    slack.calls.clear()
    await asyncio.gather(*(left_in_peace(slack, method, call, code=code) for method, call in calls.items()))


async def left_in_peace(slack: Slack, method: str, call: Callable[[], Awaitable[object]], *, code: int) -> None:
    slack.faults.arm(method, answer(code, Retry_After="1"))
    with pytest.raises(SlackUnavailable) as told:
        await call()
    assert told.value.retry_after == timedelta(seconds=1)
    with pytest.raises(Paused) as paused:
        await call()
    assert timedelta(0) < paused.value.left <= timedelta(seconds=1)
    await asyncio.sleep(paused.value.left.total_seconds() + 0.01)
    with contextlib.suppress(SlackRefused):
        await call()
    moments = [made.at for made in slack.calls if made.method == method]
    assert [after - before >= 1 for before, after in itertools.pairwise(moments)] == [True]


async def test_a_pause_of_one_method_or_one_workspace_is_none_of_another(
    slack: Slack, session: aiohttp.ClientSession
) -> None:
    channel, ts = slack.channel("general"), "1.0"
    slack.faults.arm("chat.postMessage", answer(429, Retry_After="60"))
    one, other = (workspace_in(slack, session) for _ in range(2))
    with pytest.raises(SlackUnavailable):
        await one.post(channel.id, ts, text="t", blocks=[], mark="mark")
    with pytest.raises(Paused):
        await one.post(channel.id, ts, text="t", blocks=[], mark="mark")
    assert (await one.conversation(channel.id)).has_us
    thread = slack.say(channel, "hello")
    assert await other.post(channel.id, thread, text="t", blocks=[], mark="mark")
