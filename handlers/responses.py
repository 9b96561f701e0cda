"""How a wish by a button, a shortcut or a form is sentence_for: it is done, or the person alone is told why not."""

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
"""How often and after how many seconds a job is asked for that the worker has in hand: Slack waits for three."""


class SlackNotReached(Exception):
    """Slack did not do what was asked of it."""


class Declined(Exception):
    """It is not done; the words say why."""


async def sentence_for(act: Callable[[], Awaitable[str | None]]) -> str | None:
    """What `act` says, or the words why it was not done."""
    try:
        return await act()
    except Declined as refused:
        return str(refused)
    except (StorageUnavailable, SlackNotReached, ValidationError, LeaseLost):
        return words.NOT_NOW


async def respond_with(act: Callable[[], Awaitable[str | None]], respond: AsyncRespond) -> None:
    """Do it, and tell the person alone what it says, or why it was not done."""
    sentence = await sentence_for(act)
    if sentence and respond.response_url:
        await respond(text=sentence, response_type="ephemeral", replace_original=False)


async def write_with_retry(database: Database, work: Callable[[Transaction], T]) -> T:
    """Write, a few times where the worker has the job in hand. Raises `LeaseLost` if it keeps it."""
    for _ in range(TRIES - 1):
        try:
            return await database.write(work)
        except LeaseLost:
            await asyncio.sleep(BETWEEN)
    return await database.write(work)


def job_under(tx: Transaction, pressed: Pressed) -> Job:
    """What a button is about: the job whose reply is the very message that it is under. Raises `Declined`."""
    job = jobs.get(tx, JobId(pressed.value.partition(":")[0]))
    here = (pressed.team.id, pressed.channel.id, pressed.message.ts)
    if job is None or (job.origin.team, job.origin.channel, job.reply_ts) != here:
        raise Declined(words.NOT_HERE)
    return job
