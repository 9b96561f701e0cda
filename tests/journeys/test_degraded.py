"""Disks, databases and bugs: while something is broken nothing is accepted and dropped, and afterwards all is well."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import open_bot
from sandbox.botlhale import Botlhale
from sandbox.slack import Share, Slack
from storage.backup import back_up
from storage.database import AlreadyOwned
from storage.job import JobState, Reason
from tests.journeys.bench import botlhale_settings, only_reply, recording, settings_of, tone, words_of
from tests.journeys.machine_faults import (
    MINUTE,
    Disk,
    Machine,
    Site,
    SmallDisk,
    missing,
    plain,
    quota,
    says,
    small_disk,
)
from transcription.audio import Converted, convert

IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}
MODES = pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])


@pytest.fixture
async def site(slack: Slack, tmp_path: Path) -> AsyncIterator[Site]:
    async with Botlhale() as botlhale:
        site = Site(slack, botlhale, tmp_path)
        yield site
        await site.stop()


@pytest.fixture(params=["quota", "small disk"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with (quota if request.param == "quota" else small_disk)(folder) as disk:
        yield disk


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk that is really full: a quota is for each file, and the emptied log of the database has room below it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as disk:
        yield disk


async def share(slack: Slack, channel: str = "general", **more: Any) -> Share:
    return await slack.share(slack.channel(channel), [recording(**more)])


async def refused(slack: Slack, mode: dict[str, Any]) -> None:
    """Wait until an event was turned away: with a 500, or in Socket Mode without an acknowledgement."""
    await slack.until(lambda: slack.deliveries)
    assert {delivery.status for delivery in slack.deliveries} == {500 if mode else None}


async def answered_once(site: Site, *shares: Share) -> None:
    """Wait for the end; then every share has its one reply, and the provider has every recording once."""
    await site.slack.quiet()
    await site.ended_at_last(len(shares))
    for shared in shares:
        assert "Transcribed by Botlhale AI" in words_of(await only_reply(site.slack, shared))
    assert [upload.received for upload in site.botlhale.uploads.values()] == [1] * len(shares)


@MODES
async def test_on_a_full_disk_an_event_is_refused_and_its_repeat_is_kept_when_there_is_room(
    site: Site, slack: Slack, mode: dict[str, Any], full_disk: SmallDisk
) -> None:
    slack.ack_timeout, slack.retry_delays = 0.5, (0.2,) * 50
    site.folder = full_disk.folder
    bot = await site.start(**mode)
    await says(bot)
    full_disk.fill()
    shared = await share(slack)
    await refused(slack, mode)
    await says(bot, "database", *full_disk.missed)
    assert await site.jobs() == []
    full_disk.free()
    await answered_once(site, shared)
    await says(bot)


async def test_a_disk_that_fills_up_in_the_middle_delays_and_doubles_nothing(
    site: Site, slack: Slack, disk: Disk
) -> None:
    site.folder, site.botlhale.hold = disk.folder, True
    await site.start(soonest_look=600)
    shared = await share(slack)
    await site.waits(JobState.SUBMITTED)
    site.botlhale.release()
    disk.fill()
    await asyncio.sleep(0.5)
    assert slack.replies(shared) == []
    disk.free()
    await answered_once(site, shared)


async def test_a_recording_for_which_the_spool_has_no_room_waits_until_it_has(
    site: Site, slack: Slack, disk: Disk
) -> None:
    bot = await site.start(spool_directory=disk.folder / "spool")
    await says(bot)
    disk.fill(but=1024 * 1024)  # more than the database's log takes
    shared = await share(slack, content=tone(seconds=180), name="long.wav", filetype="wav", mimetype="audio/wav")
    await site.tried()
    assert set(slack.root(shared).reactions) == {"hourglass_flowing_sand"}
    assert "database" not in await missing(bot), "events can be kept, and are"
    assert list((disk.folder / "spool").glob("*/*")) == [], "what waits takes no room"
    assert not site.botlhale.requests
    disk.free()
    await answered_once(site, shared)


async def test_a_disk_that_fills_up_during_the_conversion_is_not_the_recording_s_fault(
    site: Site, slack: Slack, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as disk:

        async def converting(*files: Path, **wanted: Any) -> Converted:
            disk.fill()
            return await convert(*files, **wanted)

        site.around = lambda tools: replace(tools, convert=converting)
        await site.start(spool_directory=folder)
        shared = await share(slack)
        job = await site.tried()
        assert (job.state, job.failure) == (JobState.RECEIVED, None)
        assert slack.replies(shared) == []
        assert list(folder.glob("*/*")) == []
        await site.stop()
        disk.free()
        site.around = lambda tools: tools
        await site.start(spool_directory=folder)
        await answered_once(site, shared)
        await site.stop()


async def test_recordings_leave_room_for_the_database(site: Site, slack: Slack, tmp_path: Path) -> None:
    site.folder = tmp_path / "disk"
    site.folder.mkdir()
    with small_disk(site.folder) as disk:
        bot = await site.start()
        await says(bot)
        disk.fill(but=32 * 2**20)
        shared = await share(slack)
        await site.tried()
        assert not [call for call in slack.calls if call.method == "download"]
        assert "database" not in await missing(bot)
        disk.free()
        await answered_once(site, shared)
        await site.stop()


async def test_a_database_that_somebody_else_locks_is_waited_for(site: Site, slack: Slack) -> None:
    slack.retry_delays = (0.1,) * 50
    bot = await site.start(**IN_HTTP_MODE)
    with contextlib.closing(sqlite3.connect(site.folder / "bot.db", isolation_level=None)) as beside:
        beside.execute("BEGIN EXCLUSIVE")
        shared = await share(slack)
        answer = await slack.command("/transcripts")
        assert "No recordings here yet" in str(answer.messages[0]["text"]), "what only reads goes on"
        await slack.until(lambda: slack.deliveries)
        await says(bot, "database")
        assert {delivery.status for delivery in slack.deliveries} <= {500, None}, "None: not within Slack's 3 s"
        beside.execute("ROLLBACK")
    await answered_once(site, shared)
    await says(bot)


@MODES
async def test_a_database_file_that_is_moved_away_is_missed_and_used_again_when_it_is_back(
    site: Site, slack: Slack, mode: dict[str, Any]
) -> None:
    slack.ack_timeout, slack.retry_delays = 0.5, (0.2,) * 50
    site.botlhale.hold = True
    bot = await site.start(**mode)
    first = await share(slack, "one")
    await site.waits(JobState.SUBMITTED)
    file, away = site.folder / "bot.db", site.folder / "away.db"
    deliveries = len(slack.deliveries)
    file.rename(away)
    second = await share(slack, "two")
    await slack.until(lambda: len(slack.deliveries) > deliveries)
    assert slack.deliveries[-1].status == (500 if mode else None)
    await says(bot, "database")
    site.botlhale.release()
    away.rename(file)
    await leases_end(site)
    await answered_once(site, first, second)
    await says(bot)


@MODES
async def test_a_write_ahead_log_that_is_removed_is_missed_and_after_a_restart_nothing_is_lost(
    site: Site, slack: Slack, mode: dict[str, Any]
) -> None:
    slack.ack_timeout, slack.retry_delays = 0.5, (0.2,) * 100
    site.botlhale.hold = True
    bot = await site.start(**mode)
    first = await share(slack, "one")
    await site.waits(JobState.SUBMITTED)
    deliveries = len(slack.deliveries)
    (site.folder / "bot.db-wal").unlink()
    second = await share(slack, "two")
    await slack.until(lambda: len(slack.deliveries) > deliveries)
    assert slack.deliveries[-1].status == (500 if mode else None)
    await says(bot, "database")
    site.botlhale.release()
    await site.stop()
    bot = await site.start(**mode)
    await answered_once(site, first, second)
    await says(bot)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere the lock file alone decides")
async def test_a_lock_file_that_is_removed_lets_no_second_bot_in(site: Site, slack: Slack) -> None:
    bot = await site.start()
    (site.folder / "bot.db.lock").unlink()
    settings = settings_of(slack, site.folder, **botlhale_settings(site.botlhale))
    with pytest.raises(AlreadyOwned):
        async with open_bot(settings):
            pass
    shared = await share(slack)
    await answered_once(site, shared)
    await says(bot)


async def leases_end(site: Site) -> None:
    """Let the minute pass in which a job still belongs to whoever could not let it go."""
    assert site.bot is not None
    await site.bot.tools.database.write(
        lambda tx: tx.run("UPDATE jobs SET due_at = due_at - 61000 WHERE lease IS NOT NULL")
    )


async def test_a_spool_folder_that_is_removed_is_made_again(site: Site, slack: Slack) -> None:
    await says(await site.start())
    shutil.rmtree(site.folder / "threadscribe-spool")
    await answered_once(site, await share(slack))


async def test_a_spool_folder_that_is_removed_under_the_bot_is_missed_and_made_again(site: Site, slack: Slack) -> None:
    bot = await site.start()
    await says(bot)
    await asyncio.to_thread(shutil.rmtree, bot.tools.spool.folder)
    await says(bot, "spool")
    await answered_once(site, await share(slack))
    await says(bot)


async def test_a_bug_that_one_recording_meets_leaves_the_others_alone_and_is_told_in_the_end(
    site: Site, slack: Slack
) -> None:
    async def stumbling(source: Path, target: Path, /, **wanted: Any) -> Converted:
        if source.stat().st_size == len(tone()):  # noqa: ASYNC240 - a test's
            raise KeyError("a bug")
        return await convert(source, target, **wanted)

    site.around = lambda tools: replace(tools, convert=stumbling)
    bot = await site.start()
    unlucky = await share(slack, "one", content=tone(), name="note.wav", filetype="wav", mimetype="audio/wav")
    await site.tried()
    lucky = await share(slack, "two")
    assert "Transcribed by Botlhale AI" in words_of(await only_reply(slack, lucky))
    assert await missing(bot) == set()
    jobs = await site.ended_at_last(2)
    assert "couldn't be reached" in (await only_reply(slack, unlucky)).text
    assert [job.failure.reason for job in jobs if job.failure] == [Reason.GAVE_UP]


async def test_a_row_that_nobody_can_read_is_told_by_readyz_and_what_is_heard_is_kept(site: Site, slack: Slack) -> None:
    machine = Machine()
    site.around = machine.around
    bot = await site.start(**IN_HTTP_MODE)
    await bot.tools.database.write(
        lambda tx: tx.run(
            "INSERT INTO jobs (id, team, channel, file, occasion, user_id, state, state_since, attempts, due_at, "
            "created_at) VALUES ('odd', 'T', 'C', 'F', '1', 'U', 'daydreaming', 1, 0, 1, 1)"
        )
    )
    shared = await share(slack, **plain())
    await slack.quiet()
    assert [delivery.status for delivery in slack.deliveries] == [200]
    machine.steps(MINUTE)
    assert bot.worker is not None
    bot.worker.wake()
    await asyncio.sleep(0.3)  # a worker that lives would have turned
    await says(bot, "worker")
    assert slack.replies(shared) == []
    await bot.tools.database.write(lambda tx: tx.run("DELETE FROM jobs WHERE id = 'odd'"))
    await answered_once(site, shared)
    await says(bot)


async def test_a_worker_that_has_ended_is_told_by_readyz_and_what_is_heard_is_kept(site: Site, slack: Slack) -> None:
    bot = await site.start(**IN_HTTP_MODE)
    assert bot.worker is not None
    await says(bot)
    bot.worker.stop()
    await says(bot, "worker")
    shared = await share(slack)
    await slack.quiet()
    assert [delivery.status for delivery in slack.deliveries] == [200]
    await site.stop()
    await site.start(**IN_HTTP_MODE)
    await answered_once(site, shared)


async def test_a_spool_without_room_is_told_by_readyz(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as disk:
        bot = await site.start(spool_directory=folder)
        await says(bot)
        disk.fill()
        lacking = await missing(bot)
        await site.stop()
    assert lacking == {"spool"}


async def test_a_restored_backup_goes_on_where_it_was_made(site: Site, slack: Slack) -> None:
    site.botlhale.hold = True
    await site.start()
    in_work = await share(slack, "one")
    await site.waits(JobState.SUBMITTED)
    copy = site.folder / "copy.db"
    await asyncio.to_thread(back_up, site.folder / "bot.db", copy)
    site.botlhale.release()
    later = await share(slack, "two")
    await answered_once(site, in_work, later)
    await site.stop()
    copy.replace(site.folder / "bot.db")
    await site.start()
    await slack.wait_for_replies(in_work, count=2)
    (job,) = await site.ended_at_last()
    assert job.origin.channel == in_work.channel.id
    assert len({words_of(reply) for reply in slack.replies(in_work)}) == 1, "answered once more, with the same words"
    assert len(slack.replies(later)) == 1, "what is not in the backup is left alone"
    assert len(site.botlhale.uploads) == 2, "nobody pays twice"
