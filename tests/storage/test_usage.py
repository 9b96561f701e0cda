"""How much was transcribed in a month: of a person, a conversation, a workspace; what failed does not count."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from storage import claiming, jobs, usage
from storage.database import Database, Transaction
from storage.job import Failure, Job, Origin, Reason

MINUTE = timedelta(minutes=1)


async def sent(
    database: Database,
    at: datetime,
    *,
    minutes: int,
    user: str = "U1",
    channel: str = "C1",
    team: str = "T1",
    failure: Failure | None = None,
    provider: str | None = "p",
) -> Job:
    """A recording of this length that was sent then."""
    origin = Origin(
        team=team, channel=channel, file=f"F{at.timestamp()}{user}{channel}{team}{provider}", occasion="1.0", user=user
    )
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=at))
    job = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=at, until=at + MINUTE)
    )
    assert job is not None
    known = replace(job, provider=provider, duration=minutes * MINUTE, failure=failure)

    def save(tx: Transaction) -> Job:
        return jobs.save(tx, job, known, now=at)

    saved = await database.write(save)
    await database.write(lambda tx: claiming.release(tx, saved, now=at, due=at + 400 * MINUTE, attempts=0))
    return saved


async def test_what_came_before_in_the_month_counts_for_its_person_channel_and_workspace(
    database: Database, noon: datetime
) -> None:
    since = noon - timedelta(hours=1)
    await sent(database, since - MINUTE, minutes=100)
    await sent(database, noon, minutes=1)
    await sent(database, noon + MINUTE, minutes=2, user="U2")
    await sent(database, noon + 2 * MINUTE, minutes=4, channel="C2")
    await sent(database, noon + 3 * MINUTE, minutes=8, team="T2")
    job = await sent(database, noon + 4 * MINUTE, minutes=16)
    await sent(database, noon + 5 * MINUTE, minutes=32)

    for count, minutes in ((usage.of_person, 5), (usage.of_channel, 3), (usage.of_workspace, 7)):
        assert await database.read(partial(count, job=job, since=since)) == minutes * MINUTE


async def test_what_a_person_used_is_told_by_provider_the_most_first(database: Database, noon: datetime) -> None:
    await sent(database, noon - MINUTE, minutes=100)
    for number, (minutes, provider) in enumerate(((1, "a"), (2, "b"), (4, "b"), (7, "c"))):
        await sent(database, noon + number * MINUTE, minutes=minutes, provider=provider)
    await sent(database, noon, minutes=50, failure=Failure(reason=Reason.REFUSED))
    await sent(database, noon, minutes=50, user="U2")
    await sent(database, noon, minutes=50, team="T2")
    await sent(database, noon, minutes=50, provider=None)

    used = await database.read(lambda tx: usage.of_person_by_provider(tx, team="T1", user="U1", since=noon))
    assert list(used.items()) == [("c", 7 * MINUTE), ("b", 6 * MINUTE), ("a", MINUTE)]
    assert await database.read(lambda tx: usage.of_person_by_provider(tx, team="T3", user="U1", since=noon)) == {}


async def test_what_failed_does_not_count(database: Database, noon: datetime) -> None:
    await sent(database, noon, minutes=5, failure=Failure(reason=Reason.PROVIDER_FAILED))
    job = await sent(database, noon + MINUTE, minutes=1)
    assert await database.read(lambda tx: usage.of_person(tx, job, since=noon)) == timedelta(0)
    assert await database.read(lambda tx: usage.of_channel(tx, job, since=noon)) == timedelta(0)
    assert await database.read(lambda tx: usage.of_workspace(tx, job, since=noon)) == timedelta(0)
