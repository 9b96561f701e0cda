"""The bot as a process of its own, killed with SIGKILL at the worst moments, and started again."""

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from sandbox.botlhale import Botlhale
from sandbox.faults import hang_up_after
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from tests.journeys.bench import (
    WEBHOOK_TOKEN,
    botlhale_settings,
    eventually,
    gowajee_settings,
    only_reply,
    recording,
    words_of,
)
from tests.journeys.database_probe import Books
from tests.journeys.losing import Loss, lose
from tests.journeys.machines import Machine, at_work, slack_settings

TWO_MINUTES = 130_000
"""Milliseconds; a little more than the time after which a machine that notes nothing counts as dead."""


@asynccontextmanager
async def process(slack: Slack, folder: Path, *, port: int, mode: str, **settings: Any) -> AsyncIterator[Machine]:
    if mode == "http":
        slack.events_url = f"http://127.0.0.1:{port}/slack/events"
    machine = Machine(folder, port=port, **slack_settings(slack, mode=mode), **settings)
    async with at_work(machine):
        yield machine


def state_of_job(folder: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(folder / "bot.db")) as database:
        row = database.execute("SELECT state FROM jobs").fetchone()
    return str(row[0]) if row else None


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_killed_between_submit_and_result_botlhale_is_asked_again_and_answered_once(
    slack: Slack, tmp_path: Path, mode: str
) -> None:
    async with Botlhale() as botlhale:
        botlhale.hold = True
        async with process(slack, tmp_path, port=free_port(), mode=mode, **botlhale_settings(botlhale)) as bot:
            share = await slack.share(slack.channel("general"), [recording("dialogue")])
            await eventually(lambda: state_of_job(tmp_path) == "submitted")
            await bot.end()
            botlhale.release()
            await bot.start()
            reply = await only_reply(slack, share)
            assert "Speaker 2" in words_of(reply)
            assert [upload.received for upload in botlhale.uploads.values()] == [1]
            await slack.until(lambda: set(slack.root(share).reactions) == {"white_check_mark"})
            assert bot.spool() == []


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_killed_between_answer_and_webhook_where_there_is_no_status_call(
    slack: Slack, tmp_path: Path, mode: str
) -> None:
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=webhook, status_path="none") as gowajee:
        gowajee.hold = True
        async with process(slack, tmp_path, port=port, mode=mode, **gowajee_settings(gowajee)) as bot:
            share = await slack.share(slack.channel("general"), [recording("dialogue")])
            await eventually(lambda: state_of_job(tmp_path) == "submitted")
            await bot.end()
            await bot.start()
            gowajee.release()
            reply = await only_reply(slack, share)
            assert "Speaker 2" in words_of(reply)
            assert len(gowajee.jobs) == 1


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("while_down", ["webhook lost", "webhook after"])
async def test_killed_between_submit_and_result_gowajee_is_answered_once(
    slack: Slack, tmp_path: Path, mode: str, while_down: str
) -> None:
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=webhook) as gowajee:
        gowajee.hold = True
        async with process(slack, tmp_path, port=port, mode=mode, **gowajee_settings(gowajee)) as bot:
            share = await slack.share(slack.channel("general"), [recording("dialogue")])
            await eventually(lambda: state_of_job(tmp_path) == "submitted")
            await bot.end()
            if while_down == "webhook lost":
                gowajee.release()
                await gowajee.settled()
            await bot.start()
            gowajee.release()
            reply = await only_reply(slack, share)
            assert "Speaker 2" in words_of(reply)
            assert len(gowajee.jobs) == 1


async def test_killed_in_the_middle_of_a_submission_gowajee_is_recognised_by_its_webhook(
    slack: Slack, tmp_path: Path
) -> None:
    port = free_port()
    webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=webhook) as gowajee:
        gowajee.hold = True
        gowajee.faults.arm("POST transcribe/async", hang_up_after())
        async with process(slack, tmp_path, port=port, mode="socket", **gowajee_settings(gowajee)) as bot:
            share = await slack.share(slack.channel("general"), [recording("dialogue")])
            await eventually(lambda: gowajee.jobs)
            await bot.end()
            await bot.start()
            gowajee.release()
            await only_reply(slack, share)
            assert len(gowajee.jobs) == 1


async def test_killed_before_anything_was_sent_it_starts_over(slack: Slack, tmp_path: Path) -> None:
    async with (
        Botlhale() as botlhale,
        process(slack, tmp_path, port=free_port(), mode="socket", **botlhale_settings(botlhale)) as bot,
    ):
        share = await slack.share(slack.channel("general"), [recording(pace=20_000)])
        await eventually(lambda: list(tmp_path.glob("threadscribe-spool/*/recording")))
        await bot.end()
        await bot.start()
        await only_reply(slack, share)
        assert len(botlhale.uploads) == 1


async def test_killed_while_the_upload_is_unanswered_it_is_not_sent_twice(slack: Slack, tmp_path: Path) -> None:
    async with Botlhale() as botlhale:
        botlhale.faults.arm("POST storage", hang_up_after())
        botlhale.hold = True
        async with process(slack, tmp_path, port=free_port(), mode="socket", **botlhale_settings(botlhale)) as bot:
            share = await slack.share(slack.channel("general"), [recording()])
            await eventually(lambda: botlhale.uploads)
            await bot.end()
            botlhale.release()
            await bot.start()
            await only_reply(slack, share)
            assert [upload.received for upload in botlhale.uploads.values()] == [1]


async def test_killed_while_the_reply_is_unanswered_it_is_not_posted_twice_where_threads_may_be_read(
    slack: Slack, tmp_path: Path
) -> None:
    slack.scopes.add("channels:history")
    async with Botlhale() as botlhale:
        slack.faults.arm("chat.postMessage", hang_up_after())
        async with process(slack, tmp_path, port=free_port(), mode="socket", **botlhale_settings(botlhale)) as bot:
            share = await slack.share(slack.channel("general"), [recording()])
            await slack.wait_for_replies(share)
            await bot.end()
            await bot.start()
            await slack.until(lambda: "white_check_mark" in slack.root(share).reactions)
            await only_reply(slack, share)


async def test_the_offline_engine_starts_over_after_a_kill(slack: Slack, tmp_path: Path) -> None:
    async with process(slack, tmp_path, port=free_port(), mode="socket", transcriber="embedded") as bot:
        share = await slack.share(slack.channel("general"), [recording("second_note", mimetype="audio/ogg")])
        await eventually(lambda: list(tmp_path.glob("threadscribe-spool/*/audio-*.wav")))
        await bot.end()
        await bot.start()
        reply = await only_reply(slack, share)
        assert "Speaker 1" in words_of(reply)


async def test_asked_to_stop_it_ends_in_good_order_and_goes_on_at_the_next_start(slack: Slack, tmp_path: Path) -> None:
    async with Botlhale() as botlhale:
        botlhale.hold = True
        async with process(slack, tmp_path, port=free_port(), mode="socket", **botlhale_settings(botlhale)) as bot:
            share = await slack.share(slack.channel("general"), [recording()])
            await eventually(lambda: botlhale.uploads)
            assert await bot.end(signal.SIGTERM) == 0
            botlhale.release()
            await bot.start()
            await only_reply(slack, share)


async def test_a_broken_connection_at_the_reply_heals_without_a_restart(slack: Slack, tmp_path: Path) -> None:
    slack.scopes.add("channels:history")
    slack.faults.arm("chat.postMessage", hang_up_after())
    async with (
        Botlhale() as botlhale,
        process(slack, tmp_path, port=free_port(), mode="socket", **botlhale_settings(botlhale)),
    ):
        share = await slack.share(slack.channel("general"), [recording()])
        await slack.until(lambda: "white_check_mark" in slack.root(share).reactions)
        await only_reply(slack, share)


REFUSED: dict[Loss, tuple[str, str]] = {
    "an event": ("jobs", "NEW.file IS NOT NULL"),
    "that events were dropped": ("presence", "NEW.place LIKE 'behind %'"),
}
"""The rows that cannot be stored any more, by table; what else is noted can be."""


@pytest.mark.parametrize("loss", get_args(Loss))
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_killed_while_something_is_lost_it_is_looked_for_at_once(
    slack: Slack, tmp_path: Path, request: pytest.FixtureRequest, database: str, loss: Loss
) -> None:
    books, url = await books_of(database, tmp_path, request)
    async with (
        Botlhale() as botlhale,
        process(slack, tmp_path, port=free_port(), mode="http", database_url=url, **botlhale_settings(botlhale)) as bot,
    ):
        known = await slack.share(slack.channel("before"), [recording()])
        await slack.until(lambda: set(slack.root(known).reactions) == {"white_check_mark"})
        table, rows = REFUSED[loss]
        await books.refuse(table, when=rows)
        share = await lose(slack, loss)
        dead = [row["place"] for row in await books.presence() if row["place"].startswith("process ")]
        await bot.end()
        await books.accept(table)
        if database == "postgresql":  # which other machines may live is known after a while only
            for one in dead:
                await books.process_dies(one, TWO_MINUTES)
        await bot.start()
        for one in (known, share):
            await slack.until(lambda one=one: set(slack.root(one).reactions) == {"white_check_mark"})  # type: ignore[misc]
            await only_reply(slack, one)
        assert [upload.received for upload in botlhale.uploads.values()] == [1, 1]


@pytest.mark.parametrize(
    "loss",
    [pytest.param(loss, marks=[pytest.mark.long] if number else []) for number, loss in enumerate(get_args(Loss))],
)
async def test_what_a_machine_lost_that_never_comes_back_another_one_looks_for(
    slack: Slack, tmp_path: Path, request: pytest.FixtureRequest, loss: Loss
) -> None:
    books, url = await books_of("postgresql", tmp_path, request)
    async with Botlhale() as botlhale, AsyncExitStack() as stack:
        settings = botlhale_settings(botlhale) | {"mode": "http", "database_url": url}
        other = await stack.enter_async_context(process(slack, tmp_path / "other", port=free_port(), **settings))
        alive = {row["place"] for row in await books.presence()}
        bot = await stack.enter_async_context(process(slack, tmp_path / "bot", port=free_port(), **settings))
        [mine] = {row["place"] for row in await books.presence()} - alive - {"slack"}
        table, rows = REFUSED[loss]
        await books.refuse(table, when=rows)
        share = await lose(slack, loss)
        await bot.end()
        await books.accept(table)
        await books.process_dies(mine, TWO_MINUTES)
        await slack.until(lambda: set(slack.root(share).reactions) == {"white_check_mark"}, within=60)
        await only_reply(slack, share)
        assert other.logged("catch_up_done", recordings=1)


async def books_of(database: str, folder: Path, request: pytest.FixtureRequest) -> tuple[Books, str]:
    """The database of a machine, and its address."""
    if database == "sqlite":
        return Books("sqlite:///bot.db", folder), "sqlite:///bot.db"
    url = await asyncio.to_thread(request.getfixturevalue("postgresql").new_database)
    return Books(url, folder), url
