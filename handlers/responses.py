"""Answers to buttons, shortcuts and modals: do what was asked, or tell the person in an ephemeral message why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError
from slack_bolt.async_app import AsyncRespond

from handlers import words
from handlers.events import Pressed
from storage import jobs
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobId, LeaseLost

T = TypeVar("T")

TRIES, BETWEEN = 5, 0.3
"""Attempts, and seconds between them, to change a job whose lease the worker holds. Slack waits three seconds."""


class SlackNotReached(Exception):
    """A Slack call failed."""


class Declined(Exception):
    """The request is declined; the message is the sentence for the person."""


async def sentence_for(act: Callable[[], Awaitable[str | None]]) -> str | None:
    """Run `act`; return its answer, or the sentence why it was not done."""
    try:
        return await act()
    except Declined as refused:
        return str(refused)
    except (StorageUnavailable, SlackNotReached, ValidationError, LeaseLost):
        return words.NOT_NOW


async def respond_with(act: Callable[[], Awaitable[str | None]], respond: AsyncRespond) -> None:
    """Run `act` and send its answer, or why it was not done, as an ephemeral message."""
    sentence = await sentence_for(act)
    if sentence and respond.response_url:
        await respond(text=sentence, response_type="ephemeral", replace_original=False)


async def write_with_retry(database: Database, work: Callable[[Transaction], T]) -> T:
    """Run a write transaction; retry while the worker holds the job. Raises `LeaseLost` after the last attempt."""
    for _ in range(TRIES - 1):
        try:
            return await database.write(work)
        except LeaseLost:
            await asyncio.sleep(BETWEEN)
    return await database.write(work)


def job_under(tx: Transaction, pressed: Pressed) -> Job:
    """Return the job whose reply is the message with the button. Raises `Declined` for any other message."""
    job = jobs.get(tx, JobId(pressed.value.partition(":")[0]))
    here = (pressed.team.id, pressed.channel.id, pressed.message.ts)
    if job is None or (job.origin.team, job.origin.channel, job.reply_ts) != here:
        raise Declined(words.NOT_HERE)
    return job
