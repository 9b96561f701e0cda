"""Events that Slack dropped, or that could not be stored, cost nobody an answer; and every event is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, get_args

import pytest
import structlog

from bot.background.catching_up import CatchingUp
from sandbox import faults
from sandbox.slack import Slack
from storage import gaps
from storage.database import Database, StorageUnavailable
from tests.journeys.bench import Bench, eventually, only_reply, recording
from tests.journeys.losing import Loss, lose

OFTEN = timedelta(seconds=0.05)


@pytest.fixture
def http(slack: Slack) -> dict[str, Any]:
    return {"slack_signing_secret": slack.signing_secret}


@asynccontextmanager
async def looking_often(bench: Bench) -> AsyncIterator[CatchingUp]:
    """The bot's catching up, which does not wait half a minute between two beats."""
    assert bench.bot is not None
    assert bench.bot.catching_up is not None
    catching_up = CatchingUp(bench.bot.tools, beat=OFTEN, process=bench.bot.catching_up.process)
    task = asyncio.create_task(catching_up.run())
    try:
        yield catching_up
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_shared_while_slack_dropped_events_is_answered(
    bench: Bench, slack: Slack, http: dict[str, Any]
) -> None:
    bot = await bench.start(**http)
    with structlog.testing.capture_logs() as logged:
        told = await slack.limit_events()
    assert told.status == 200
    assert [one["event"] for one in logged if one["log_level"] == "warning"] == ["events_rate_limited"]
    first = await slack.share(slack.channel("first"), [recording()])
    async with looking_often(bench):
        await slack.wait_for_replies(first)
        second = await slack.share(slack.channel("second"), [recording()])  # it goes on for a minute
        await slack.wait_for_replies(second)
        slack.drops_events = False
        third = await slack.share(slack.channel("third"), [recording()])
        for share in (first, second, third):
            await only_reply(slack, share)
    assert b"threadscribe_events_rate_limited_total 1.0" in metrics_of(bot)


def metrics_of(bot: Any) -> bytes:
    from prometheus_client import generate_latest  # noqa: PLC0415 - for this alone

    return generate_latest(bot.tools.metrics.registry)


async def test_a_new_id_of_which_slack_did_not_tell_doubles_no_answer(
    bench: Bench, slack: Slack, http: dict[str, Any]
) -> None:
    """Of the files that are looked through then, some are known in the same conversation under its former id."""
    slack.scopes |= {"groups:history"}
    await bench.start(**http)
    team = slack.channel("team", kind="private")
    known = await slack.share(team, [recording()])
    await only_reply(slack, known)
    await bench.ended()
    await slack.limit_events()
    await slack.change_channel_id(team, external=False)
    missed = await slack.share(team, [recording()])
    async with looking_often(bench):
        await slack.wait_for_replies(missed)
        slack.drops_events = False
        await bench.ended()
    assert [len(slack.replies(share)) for share in (known, missed)] == [1, 1]
    assert {job.origin.channel for job in await bench.jobs()} == {team.id}


@pytest.mark.parametrize("minute", [-1, 0, 2**35, 2**40, "soon", None])
async def test_a_minute_that_is_none_is_one_of_the_last_ten(
    bench: Bench, slack: Slack, http: dict[str, Any], minute: object
) -> None:
    await bench.start(**http)
    told = {"type": "app_rate_limited", "team_id": slack.team_id, "minute_rate_limited": minute}
    slack.drops_events = True
    share = await slack.share(slack.channel("general"), [recording()])
    await slack.quiet()
    slack.drops_events = False
    assert await slack.post_signed(told) == 200
    async with looking_often(bench):
        await only_reply(slack, share)


class Refusing:
    """Lets every write fail for a while."""

    def __init__(self, database: Database) -> None:
        self._write = database.write
        self.fails = False

    async def write(self, work: Any) -> Any:
        if self.fails:
            raise StorageUnavailable("disk full")
        return await self._write(work)


async def test_what_could_not_be_stored_is_caught_up_once_it_can_be(
    bench: Bench, slack: Slack, http: dict[str, Any]
) -> None:
    """Slack repeats an event for five minutes, and then never again."""
    slack.retry_delays = ()
    bot = await bench.start(**http)
    refusing = Refusing(bot.tools.database)
    bot.tools.database.write = refusing.write  # type: ignore[method-assign] # a disk that is full for a while
    refusing.fails = True
    share = await slack.share(slack.channel("general"), [recording()])
    await slack.until(lambda: [one for one in slack.deliveries if one.type == "file_shared"])
    assert [one.status for one in slack.deliveries if one.type == "file_shared"] == [500]
    refusing.fails = False
    assert bot.catching_up is not None
    async with looking_often(bench) as catching_up:
        catching_up._lost_since = bot.catching_up._lost_since
        assert catching_up._lost_since is not None
        await only_reply(slack, share)


@asynccontextmanager
async def disk_full_until_killed(bench: Bench, slack: Slack) -> AsyncIterator[None]:
    """A bot that can store nothing any more; in the end it is gone, without having stored anything."""
    assert bench.bot is not None
    refusing = Refusing(bench.bot.tools.database)
    bench.bot.tools.database.write = refusing.write  # type: ignore[method-assign] # a disk that is full from now on
    refusing.fails = True
    yield
    await bench.stop()
    slack.events_url = None


@pytest.mark.parametrize("loss", get_args(Loss))
async def test_what_was_lost_before_a_death_is_caught_up_at_the_next_start(
    bench: Bench, slack: Slack, http: dict[str, Any], loss: Loss
) -> None:
    await bench.start(**http)
    known = await slack.share(slack.channel("before"), [recording()])
    await bench.ended()
    async with disk_full_until_killed(bench, slack):
        share = await lose(slack, loss)
    await bench.start(**http)
    await slack.wait_for_replies(share)
    await bench.ended_at_last(2)
    for one in (known, share):
        await only_reply(slack, one)


@pytest.mark.parametrize("deaths", [2, 3])
async def test_a_death_while_it_is_caught_up_loses_nothing(
    bench: Bench, slack: Slack, http: dict[str, Any], deaths: int
) -> None:
    await bench.start(**http)
    async with disk_full_until_killed(bench, slack):
        share = await lose(slack, "an event")
    slack.faults.arm("files.list", faults.slow(60), times=deaths - 1)
    for _ in range(1, deaths):
        bot = await bench.start(**http)
        async with asyncio.timeout(10):
            while not await bot.tools.database.read(gaps.behind):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        async with disk_full_until_killed(bench, slack):
            pass
    slack.faults.clear()
    await bench.start(**http)
    await slack.wait_for_replies(share)
    await bench.ended_at_last()
    await only_reply(slack, share)


async def test_a_stop_in_good_order_while_something_is_lost_is_caught_up_as_well(
    bench: Bench, slack: Slack, http: dict[str, Any]
) -> None:
    bot = await bench.start(**http)
    refusing = Refusing(bot.tools.database)
    bot.tools.database.write = refusing.write  # type: ignore[method-assign] # a disk that is full for a while
    refusing.fails = True
    share = await lose(slack, "an event")
    refusing.fails = False
    await bench.stop()
    slack.events_url = None
    await bench.start(**http)
    await only_reply(slack, share)


async def test_an_old_event_that_could_not_be_stored_is_looked_for_where_it_was(
    bench: Bench, slack: Slack, http: dict[str, Any]
) -> None:
    """Slack may repeat an event for a day: what it is about can be older than any time in which nobody was heard."""
    bot = await bench.start(**http)
    slack.drops_events = True
    share = await slack.share(slack.channel("general"), [recording()])
    await slack.quiet()
    slack.drops_events = False
    hours_ago = timedelta(hours=3)
    bot.tools.database.write = (refusing := Refusing(bot.tools.database)).write  # type: ignore[method-assign] # as above
    refusing.fails = True
    event = {"type": "file_shared", "file_id": share.file_ids[0], "channel_id": share.channel.id, "user_id": "U1"}
    told = {"type": "event_callback", "team_id": slack.team_id, "event": event}
    assert await slack.post_signed(told | {"event_time": round(float(share.ts) - hours_ago.total_seconds())}) == 500
    refusing.fails = False
    assert bot.catching_up is not None
    async with looking_often(bench) as catching_up:
        catching_up._lost_since = bot.catching_up._lost_since
        await only_reply(slack, share)
    listed = next(call for call in slack.calls if call.method == "files.list")
    assert float(listed.args["ts_from"]) <= float(share.ts) - hours_ago.total_seconds()


@pytest.mark.parametrize("mode", ["http", "socket"])
async def test_every_event_is_acknowledged_and_its_type_logged_once(
    bench: Bench, slack: Slack, http: dict[str, Any], mode: str
) -> None:
    await bench.start(**(http if mode == "http" else {}))
    with structlog.testing.capture_logs() as logged:
        for event in ("channel_created", "channel_created", "user_change", "", "x" * 5_000):
            delivery = await slack.deliver({"type": event})
            assert delivery.status == 200
            assert delivery.attempt == 1
    ignored = [one["type"] for one in logged if one["event"] == "event_ignored"]
    assert ignored == ["channel_created", "user_change", "", "x" * 60]


@pytest.mark.parametrize("event", [None, [], "file_shared", {}, {"type": None}, {"type": {}}], ids=str)
async def test_an_envelope_without_an_event_is_acknowledged(
    bench: Bench, slack: Slack, http: dict[str, Any], event: object
) -> None:
    await bench.start(**http)
    assert await slack.post_signed({"type": "event_callback", "team_id": slack.team_id, "event": event}) == 200


async def test_an_event_of_a_workspace_that_never_installed_is_acknowledged(
    bench: Bench, slack: Slack, http: dict[str, Any]
) -> None:
    await bench.start(**http)
    envelope = {"type": "event_callback", "team_id": "T0STRANGER", "event": {"type": "channel_created"}}
    assert await slack.post_signed(envelope) == 200
    await eventually(lambda: True)


async def test_which_events_were_heard_is_known_afterwards(bench: Bench, slack: Slack) -> None:
    bot = await bench.start()
    await slack.share(slack.channel("general"), [recording()])
    await bench.ended()
    await slack.deliver({"type": "channel_created"})
    assert bot.catching_up is not None
    async with looking_often(bench) as catching_up:
        for event_type in bot.catching_up._new_types:
            catching_up.heard(event_type)
        async with asyncio.timeout(10):
            while "file_shared" not in await bot.tools.database.read(gaps.heard):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
    assert "channel_created" not in await bot.tools.database.read(gaps.heard)
