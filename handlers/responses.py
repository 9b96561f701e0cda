"""Answers to buttons, shortcuts and modals: do what was asked, or tell the person in an ephemeral message why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError
from slack_bolt.async_app import AsyncRespond

from handlers import words
from handlers.events import Interaction, Pressed
from handlers.listing import sentence
from storage import channel_homes, job_lists, jobs
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobId, JobState, LeaseLost

T = TypeVar("T")

POSTED_WITHIN, POLLED_EVERY = 2.0, 0.1
"""Seconds in which the timestamp of a reply that people see is stored, usually, and between two polls for it. The rest
of Slack's three seconds is for what the button does."""

TRIES, BETWEEN = 5, 0.3
"""Attempts, and seconds between them, to change a job whose lease the worker holds. Slack waits three seconds."""


class SlackNotReached(Exception):
    """A Slack call failed."""


class ScopeNotGranted(SlackNotReached):
    """A Slack call failed because the app was installed without the scope for it."""


class Declined(Exception):
    """The request is declined; the message is the sentence for the person."""


class BeingPosted(Declined):
    """The reply is being posted: people may see it before its timestamp is stored."""


async def sentence_for(act: Callable[[], Awaitable[str | None]]) -> str | None:
    """Run `act`; return its answer, or the sentence why it was not done."""
    try:
        return await act()
    except Declined as refused:
        return str(refused)
    except (StorageUnavailable, SlackNotReached, ValidationError, LeaseLost):
        return words.NOT_NOW


async def respond_with(
    act: Callable[[], Awaitable[str | None]], respond: AsyncRespond, *, otherwise: Callable[[str], Awaitable[None]]
) -> None:
    """Run `act` and send its answer, or why it was not done, as an ephemeral message.

    `otherwise` tells it where there is no conversation to send it to: in the App Home, and after a global shortcut.
    """
    said = await sentence_for(act)
    if not said:
        return
    if respond.response_url:
        blocks = sentence(said) or None
        await respond(text=said, blocks=blocks, response_type="ephemeral", replace_original=False)
    else:
        await otherwise(said)


async def write_with_retry(database: Database, work: Callable[[Transaction], T]) -> T:
    """Run a write transaction; retry while the worker holds the job. Raises `LeaseLost` after the last attempt."""
    for _ in range(TRIES - 1):
        try:
            return await database.write(work)
        except LeaseLost:
            await asyncio.sleep(BETWEEN)
    return await database.write(work)


async def once_posted(act: Callable[[], Awaitable[T]]) -> T:
    """Run `act`, again and again while it raises `BeingPosted`, for at most `POSTED_WITHIN`. Raises `Declined`."""
    clock = asyncio.get_running_loop().time
    until = clock() + POSTED_WITHIN
    while True:
        try:
            return await act()
        except BeingPosted:
            if clock() >= until:
                raise
        await asyncio.sleep(POLLED_EVERY)


def still_in_work(*found: Job) -> Declined:
    """Return why nothing can be done with the transcripts of these jobs yet."""
    is_posted = any(job.state is JobState.REPLYING for job in found)
    return (BeingPosted if is_posted else Declined)(words.STILL_IN_WORK)


def job_under(tx: Transaction, pressed: Pressed) -> Job:
    """Return the job whose reply is the message with the button. Raises `Declined` for any other message."""
    job = jobs.get(tx, JobId(pressed.value.partition(":")[0]))
    if job is None or job.origin.channel != pressed.channel.id or not is_theirs(tx, job, pressed):
        raise Declined(words.NOT_HERE)
    if job.state is JobState.REPLYING:
        raise still_in_work(job)
    if job.reply_ts != pressed.message.ts:
        raise Declined(words.NOT_HERE)
    return job


def is_theirs(tx: Transaction, job: Job, payload: Interaction) -> bool:
    """Return whether the job is of the workspace of the person, or of a channel that this is in, too."""
    return channel_homes.is_of(tx, job.origin, organisation=payload.organisation, team=payload.team.id)


def jobs_on(tx: Transaction, pressed: Pressed) -> list[Job]:
    """Return the jobs of a message: of its recording, or of the reply in it. Raises `BeingPosted`."""
    channel, message = pressed.channel.id, pressed.message
    team = channel_homes.home_team(tx, organisation=pressed.organisation, team=pressed.team.id, channel=channel)
    found = job_lists.on_message(tx, team=team, channel=channel, ts=message.ts)
    if not found and message.thread_ts:
        posting = job_lists.on_message(tx, team=team, channel=channel, ts=message.thread_ts)
        if any(job.state is JobState.REPLYING for job in posting):
            raise still_in_work(*posting)
    return found
