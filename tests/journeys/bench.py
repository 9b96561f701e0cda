"""A complete bot against the sandbox: real requests in, real messages out, no part replaced."""

from __future__ import annotations

import asyncio
import io
import json
import math
import struct
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.app import Bot, open_bot
from bot.settings.model import Settings
from handlers import words
from handlers.action_ids import CHANNEL_SETTINGS, CORRECT, DELETE, RERUN, TRANSCRIPT_MENU, UNDO_NAMING
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.slack import Channel, CommandAnswer, Message, Share, Slack, Team, Upload
from sandbox.voices import SAMPLES
from storage import claiming, job_lists
from storage.claiming import FARTHEST
from storage.database import Transaction
from storage.job import Job, JobState
from tests.journeys.database_probe import earlier

WEBHOOK_TOKEN = "journey-webhook-token-0123456789"


def settings_of(slack: Slack, folder: Path, **more: Any) -> Settings:
    """Socket Mode unless a signing secret is given; SQLite in `folder`."""
    way_in = {} if "slack_signing_secret" in more else {"slack_app_token": slack.app_token}
    return Settings(
        _env_file=None,
        **{
            "slack_bot_token": slack.bot_token,
            "slack_api_url": slack.api_url,
            "slack_file_origins": slack.origin,
            "http_port": 0,
            "database_url": f"sqlite:///{folder}/bot.db",
            "soonest_look": 0.1,
            **way_in,
            **more,
        },
    )


def botlhale_settings(botlhale: Botlhale) -> dict[str, Any]:
    return {
        "transcriber": "botlhale",
        "botlhale_base_url": botlhale.origin,
        "botlhale_org_id": botlhale.org_id,
        "botlhale_refresh_token": botlhale.refresh_token,
    }


def gowajee_settings(gowajee: Gowajee) -> dict[str, Any]:
    return {
        "transcriber": "gowajee",
        "gowajee_base_url": gowajee.origin,
        "gowajee_api_key": gowajee.api_key,
        "gowajee_webhook_id": gowajee.webhook_id,
        "gowajee_webhook_token": WEBHOOK_TOKEN,
    }


@asynccontextmanager
async def running(settings: Settings, slack: Slack) -> AsyncIterator[Bot]:
    """The bot at work in this process; HTTP mode is announced to Slack."""
    async with open_bot(settings) as bot:
        if settings.slack_signing_secret is not None:
            for team in (slack, *slack.other_workspaces):
                team.events_url = f"http://127.0.0.1:{bot.listening.port}/slack/events"
        stop = asyncio.Event()
        work = asyncio.create_task(bot.run(stop))
        if bot.socket is not None:
            await slack.until(lambda: slack.open_sockets)
        try:
            yield bot
        finally:
            stop.set()
            await work


class Bench:
    """What most journeys need: Slack, Botlhale and a running bot."""

    def __init__(self, slack: Slack, botlhale: Botlhale, folder: Path) -> None:
        self.slack = slack
        self.botlhale = botlhale
        self.folder = folder
        self._stack = AsyncExitStack()
        self.bot: Bot | None = None

    async def start(self, **more: Any) -> Bot:
        """Start the bot (again)."""
        settings = settings_of(self.slack, self.folder, **(botlhale_settings(self.botlhale) | more))
        self.bot = await self._stack.enter_async_context(running(settings, self.slack))
        return self.bot

    async def stop(self) -> None:
        """Stop the bot in good order."""
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def jobs(self) -> list[Job]:
        """Every job, newest first."""
        assert self.bot is not None
        return await self.bot.tools.database.read(lambda tx: job_lists.newest(tx, limit=1000))

    async def ended(self, count: int = 1) -> list[Job]:
        """The jobs, once `count` of them are tidied up and nothing is due."""
        async with asyncio.timeout(30):
            while True:
                found = await self.jobs()
                if len(found) >= count and all(job.due_at is None for job in found):
                    return found
                await asyncio.sleep(0.02)

    async def ended_at_last(self, count: int = 1) -> list[Job]:
        """The jobs as `ended` gives them; when all of them only wait, the time until the next is due passes at once."""
        async with asyncio.timeout(30):
            while True:
                found = await self.jobs()
                due = [job.due_at for job in found if job.due_at is not None]
                if len(found) >= count and not due:
                    return found
                if due and all(job.lease is None for job in found):
                    await self.time_passes(min(due) - datetime.now(UTC))
                await asyncio.sleep(0.02)

    async def time_passes(self, span: timedelta) -> None:
        """Let so much time pass for every job that only waits."""
        if self.bot is None or span <= timedelta(0):
            return
        milliseconds = span // timedelta(milliseconds=1) + 1

        def work(tx: Transaction) -> None:
            tx.run(f"UPDATE jobs SET {earlier(milliseconds)} WHERE lease IS NULL")  # noqa: S608 - our own
            tx.announce()

        await self.bot.tools.database.write(work)

    async def works_for(self, span: timedelta) -> None:
        """Let the provider say of the only job that it is at work, for so long: a deadline counts nothing else.

        Of a gap between two of its answers no more than the longest wait counts, so that time passes in such steps.
        """
        left = span
        while left > timedelta(0):
            (job,) = await self.jobs()
            if not job.state.is_open:
                return
            await self.time_passes(min(left, FARTHEST))
            await self._answered_since(job)
            left -= FARTHEST

    async def _answered_since(self, before: Job) -> None:
        async with asyncio.timeout(30):
            while True:
                (job,) = await self.jobs()
                if job.misses > before.misses or job.state is not before.state:
                    return
                await asyncio.sleep(0.01)

    async def looked_again(self) -> None:
        """Wait until the provider was asked about the only job once more, whatever came of it."""
        assert self.bot is not None
        (before,) = await self.jobs()
        await self.bot.tools.database.write(partial(claiming.poll_now, now=self.bot.tools.clock()))
        await self._answered_since(before)

    async def waits(self, state: JobState) -> Job:
        """The newest job, once it is in this state and in nobody's hands."""
        async with asyncio.timeout(30):
            while True:
                for job in (await self.jobs())[:1]:
                    if job.state is state and job.lease is None:
                        return job
                await asyncio.sleep(0.01)

    async def jobs_wait(self, count: int) -> None:
        """Wait until so many jobs are in nobody's hands, and each of them for something."""
        async with asyncio.timeout(30):
            while True:
                found = await self.jobs()
                later = [job for job in found if job.lease is None and job.due_at and job.due_at > datetime.now(UTC)]
                if len(later) == count:
                    return
                await asyncio.sleep(0.02)


def recording(which: str = "note", /, **more: Any) -> Upload:
    """A sample as somebody uploads it."""
    sample = SAMPLES[which]
    known = {"content": sample.path.read_bytes(), "name": sample.file, "filetype": sample.path.suffix[1:]}
    return Upload(**(known | more))


def tone(*, hertz: int = 440, seconds: float = 2.0) -> bytes:
    """A sound as WAV; in different keys it is of one length and not the same."""
    rate = 8000
    samples = [round(12_000 * math.sin(math.tau * hertz * n / rate)) for n in range(round(seconds * rate))]
    target = io.BytesIO()
    with wave.open(target, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return target.getvalue()


def quiet(seconds: int) -> Upload:
    """A recording of that length in which nobody speaks; the pretended provider hears what it is told to."""
    target = io.BytesIO()
    with wave.open(target, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(2 * 8000 * seconds))
    return Upload(content=target.getvalue(), name="meeting.wav", filetype="wav")


def words_of(message: Message) -> str:
    """Every text of the message's blocks."""

    def texts(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["text"]] if isinstance(part.get("text"), str) else []
            return own + [text for value in part.values() for text in texts(value)]
        return [text for value in part for text in texts(value)] if isinstance(part, list | tuple) else []

    return " ".join(texts(message.blocks))


OPTIONS = {
    RERUN: words.RERUN_OPTION,
    CORRECT: words.CORRECT,
    UNDO_NAMING: words.UNDO_NAMING,
    CHANNEL_SETTINGS: words.CHANNEL_SETTINGS,
    DELETE: words.DELETE_TRANSCRIPT,
}
"""What does it in the menu under a transcript, by action id."""


async def press_control(slack: Team, message: Message, action: str, *, user: str | None = None) -> CommandAnswer:
    """Press the button of a message that does this, or choose it in the menu under a transcript."""
    if f'"action_id": "{action}"' in json.dumps(message.blocks):
        return await slack.press(message, action, user=user)
    return await slack.press(message, TRANSCRIPT_MENU, option=OPTIONS[action], user=user)


async def only_reply(slack: Slack, share: Share) -> Message:
    """The bot's one reply in the thread of the share; fails if there is another, there or in the channel's root."""
    replies = await slack.wait_for_replies(share)
    await slack.quiet()
    spoken = [message for message in slack.messages(share.channel.id) if message.by_bot]
    assert len(replies) == len(spoken) == 1, "one reply and nothing else"
    return replies[0]


def silent(slack: Team, channel: Channel) -> bool:
    """Whether the bot has said nothing in the channel."""
    return not [message for message in slack.messages(channel.id) if message.by_bot]


async def eventually(condition: Callable[[], object]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
