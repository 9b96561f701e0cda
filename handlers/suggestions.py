"""Names to suggest for the speakers of a recording: who shared it, who wrote in its thread, who was named here before.

Only what the recording's own conversation shows to everybody in it: no other conversation is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from handlers import words
from handlers.responses import SlackNotReached
from handlers.slack import KnowsPeople
from storage.job import Job
from transcription.naming import NAME_LENGTH, shortened

EARLIER = 20
"""Names that were given before, at most."""

PEOPLE = 6
"""People whose names Slack is asked for, at most."""

PATIENCE = 0.7
"""Seconds for Slack to say who is there: the form opens without those it has not named by then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A name, and `why` it is suggested, in words."""

    name: str
    why: str


async def suggestions(job: Job, slack: KnowsPeople, *, earlier: Iterable[str]) -> tuple[Suggestion, ...]:
    """Return the suggestions; `earlier`: the names that were given before in the conversation, newest first.

    Slack has `PATIENCE` seconds. What it does not tell is left out.
    """
    told = {job.origin.user: ""} if job.origin.user else {}
    if slack.may_read_people:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await _ask(job, slack, told)
    found = [
        *((name, words.SHARED_IT if person == job.origin.user else words.WROTE_HERE) for person, name in told.items()),
        *((name, words.NAMED_BEFORE) for name in earlier),
    ]
    different: dict[str, Suggestion] = {}
    for given, why in found:
        if name := shortened(given, limit=NAME_LENGTH):
            different.setdefault(name.casefold(), Suggestion(name=name, why=why))
    return tuple(different.values())


async def _ask(job: Job, slack: KnowsPeople, told: dict[str, str]) -> None:
    """Put the names into `told`, by person and in their order, as Slack tells them."""

    async def note(person: str) -> None:
        with suppress(SlackNotReached):
            told[person] = await slack.name_of(person)

    async def of_writers() -> None:
        writers = await _writers(job, slack)
        others = [person for person in writers if person != job.origin.user][: PEOPLE - 1]
        told.update(dict.fromkeys(others, ""))
        await asyncio.gather(*map(note, others))

    await asyncio.gather(of_writers(), *map(note, list(told)))


async def _writers(job: Job, slack: KnowsPeople) -> tuple[str, ...]:
    with suppress(SlackNotReached):
        return await slack.writers_in(job.origin.channel, job.origin.thread) if job.origin.thread else ()
    return ()
