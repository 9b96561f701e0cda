"""What is bounded: webhooks that are too large, a portion of the index, and leases that are lost again and again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from storage import claiming, forgetting, inbox, jobs, passages, search, transcripts
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin
from storage.ngrams import terms
from tests.storage.machines import claimed
from tests.storage.sessions import either
from transcription.errors import EVIDENCE
from transcription.transcript import Speaker, Transcript, Turn

MINUTE = timedelta(minutes=1)
BODY: dict[str, Any] = {"provider": "p", "handle": "h"}


@pytest.fixture(scope="module")
def urls() -> list[str]:
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, urls: list[str]) -> AsyncIterator[Database]:
    async with either(request, tmp_path, urls) as opened:
        yield opened


async def added(database: Database, now: datetime, **more: object) -> Job:
    origin = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
    job = await database.write(lambda tx: jobs.add(tx, origin=origin, now=now))
    assert job is not None
    return await database.write(lambda tx: jobs.locate(tx, job, replace(job, **more)))  # type: ignore[arg-type]


async def keep(database: Database, body: bytes, now: datetime) -> None:
    digest = inbox.digest_of(body)
    assert await database.write(lambda tx: inbox.keep(tx, **BODY, body=body, now=now, digest=digest))


async def claim(database: Database, now: datetime) -> Job:
    job = await database.write(lambda tx: claimed(tx, now=now))
    assert job is not None
    return job


# --- webhooks --------------------------------------------------------------------------------------------------------


async def test_of_a_body_that_is_too_large_the_beginning_stays_and_it_is_never_read(
    database: Database, noon: datetime
) -> None:
    large, most = b"a" * (EVIDENCE * 3), EVIDENCE * 2
    assert await database.write(lambda tx: inbox.keep(tx, **BODY, body=large, now=noon, most=most))
    assert not await database.write(lambda tx: inbox.keep(tx, **BODY, body=large, now=noon, most=most))
    row = await database.read(lambda tx: tx.one("SELECT length(body) AS kept, cut_from FROM inbox"))
    assert row is not None
    assert (row["kept"], row["cut_from"]) == (EVIDENCE, len(large))
    assert await database.read(lambda tx: inbox.newest(tx, **BODY)) is None
    assert await database.read(lambda tx: inbox.earlier(tx, **BODY)) == ()
    assert await database.read(lambda tx: inbox.orphans(tx, provider="p", since=noon)) == []
    assert await database.read(lambda tx: inbox.has_cut(tx, **BODY))
    assert await database.read(lambda tx: inbox.has_unread(tx, **BODY))


async def test_what_came_before_its_job_was_known_is_cut_later(database: Database, noon: datetime) -> None:
    bodies = [b"a" * size for size in (EVIDENCE + 9, EVIDENCE, 9)]
    for number, body in enumerate(bodies):
        await keep(database, body, noon + MINUTE * number)
    assert not await database.read(lambda tx: inbox.has_cut(tx, **BODY))
    for expected in (1, 0):
        assert await database.write(lambda tx: inbox.cut(tx, **BODY, most=EVIDENCE)) == expected
    assert await database.read(lambda tx: inbox.has_cut(tx, **BODY))
    assert await database.read(lambda tx: inbox.newest(tx, **BODY)) == bodies[2]
    assert await database.read(lambda tx: inbox.earlier(tx, **BODY)) == (bodies[1],)


async def test_many_bodies_are_read_only_up_to_a_bound(database: Database, noon: datetime) -> None:
    for number in range(8):
        await keep(database, bytes([number]) * 1000, noon + MINUTE * number)
    assert len(await database.read(lambda tx: inbox.earlier(tx, **BODY, most=3500))) == 3
    assert len(await database.read(lambda tx: inbox.orphans(tx, provider="p", since=noon, most=3500))) == 8
    assert await database.read(lambda tx: inbox.orphans(tx, provider="p", since=noon, most=999)) == []


async def test_the_length_of_a_recording_is_known_by_its_handle(database: Database, noon: datetime) -> None:
    await added(database, noon, provider="p", handle="h", duration=MINUTE)
    assert await database.read(lambda tx: jobs.length_of(tx, **BODY)) == MINUTE
    assert await database.read(lambda tx: jobs.length_of(tx, provider="q", handle="h")) is None


# --- the index -------------------------------------------------------------------------------------------------------


def talk(turns: int, word: str = "delivery") -> Transcript:
    """About half a portion in every hundred turns."""
    who = Speaker(label="A")
    said = [
        Turn(start=MINUTE * n, end=MINUTE * n, text=f"{word} number{n} " + "and so on " * 25, speaker=who)
        for n in range(turns)
    ]
    return Transcript(turns=tuple(said), duration=MINUTE * (turns + 1))


async def found(database: Database, asked: str) -> list[int]:
    def look(tx: Transaction) -> list[search.SearchHit]:
        return search.find(tx, team="T1", channels=["C1"], terms=terms(asked), limit=9)

    return [hit.turn for hit in await database.read(look)]


async def portion(database: Database, job: Job, made_at: datetime) -> bool:
    def work(tx: Transaction) -> bool:
        transcript = transcripts.get(tx, job.id)
        assert transcript is not None
        return transcripts.index_more(tx, job.id, transcript, made_at=made_at)

    return await database.write(work)


async def indexed(database: Database) -> int:
    row = await database.read(lambda tx: tx.one("SELECT count(*) AS n FROM passages"))
    assert row is not None
    return int(row["n"])


async def test_a_long_transcript_is_indexed_in_portions_and_found_when_it_is_whole(
    database: Database, noon: datetime
) -> None:
    job, transcript = await added(database, noon), talk(600)
    await database.write(lambda tx: transcripts.put(tx, job.id, transcript, now=noon))
    portions, seen = 1, [await indexed(database)]
    while await portion(database, job, noon):
        assert await found(database, "number1") == await found(database, "number599") == []
        portions += 1
        seen.append(await indexed(database))
    assert portions > 2
    assert seen[0] > 0
    assert max(later - earlier for earlier, later in pairwise(seen)) <= passages.PORTION // 250
    assert await indexed(database) == 600
    assert await found(database, "number599") == [599]
    assert await database.read(search.waiting) == []
    assert not await portion(database, job, noon)
    assert await indexed(database) == 600


@pytest.mark.parametrize("by", ["index", "catch_up", "the release before"])
async def test_what_was_killed_between_two_portions_is_indexed_to_its_end(
    database: Database, noon: datetime, by: str
) -> None:
    job, transcript = await added(database, noon), talk(600)
    await database.write(lambda tx: transcripts.put(tx, job.id, transcript, now=noon))
    await portion(database, job, noon)  # and here it died
    assert await database.read(search.waiting) == [job.id]

    def as_before(tx: Transaction) -> None:
        passages.put(tx, job.id, transcript, made_at=noon)
        tx.run("UPDATE transcripts SET searchable = created_at")

    match by:
        case "index":
            await search.index(database, job.id)
        case "catch_up":
            while await database.write(search.catch_up):
                pass
        case _:
            await database.write(as_before)
    assert await database.read(search.waiting) == []
    assert await indexed(database) == 600
    assert await found(database, "number0") == [0]
    assert await found(database, "number599") == [599]


async def test_half_an_index_goes_with_its_transcript(database: Database, noon: datetime) -> None:
    job = await added(database, noon)
    await database.write(lambda tx: transcripts.put(tx, job.id, talk(600), now=noon))
    assert await database.read(lambda tx: transcripts.is_kept(tx, job.id))
    await database.write(lambda tx: jobs.drop_transcript(tx, job.id))
    assert not await database.read(lambda tx: transcripts.is_kept(tx, job.id))
    assert await database.read(lambda tx: transcripts.text(tx, job.id)) is None
    assert await indexed(database) == 0
    await search.index(database, job.id)
    assert await indexed(database) == 0


async def test_half_an_index_of_a_transcript_that_was_replaced_is_replaced(database: Database, noon: datetime) -> None:
    job, old, new = await added(database, noon), talk(600), talk(500, "harvest")
    await database.write(lambda tx: transcripts.put(tx, job.id, old, now=noon))
    await database.write(lambda tx: transcripts.put(tx, job.id, new, now=noon + MINUTE))
    assert not await database.write(lambda tx: transcripts.index_more(tx, job.id, old, made_at=noon))
    await search.index(database, job.id)
    assert await indexed(database) == 500
    assert await found(database, "delivery") == []
    assert await found(database, "harvest number499") == [499]


async def test_half_an_index_of_a_reply_that_was_deleted_goes_no_further(database: Database, noon: datetime) -> None:
    job = await added(database, noon, reply_ts="2.0")
    await database.write(lambda tx: transcripts.put(tx, job.id, talk(600), now=noon))
    await database.write(lambda tx: forgetting.message_deleted(tx, team="T1", channel="C1", ts="2.0", now=noon))
    assert await database.read(search.waiting) == []
    await search.index(database, job.id)
    assert await indexed(database) == 0


async def test_a_long_transcript_is_stored_as_a_short_one(database: Database, noon: datetime) -> None:
    job = await added(database, noon)
    for transcript in (talk(0), talk(1), talk(1234)):
        await database.write(lambda tx, said=transcript: transcripts.put(tx, job.id, said, now=noon))  # type: ignore[misc]
        assert await database.read(lambda tx: transcripts.get(tx, job.id)) == transcript
        assert transcripts.written(transcript) == transcripts.BODY.dump_json(transcript, exclude={"report"}).decode()


async def test_unclaimed_webhooks_of_others_hide_none(database: Database, noon: datetime) -> None:
    """A few of them have together more bytes than one recording can have."""
    bodies = [bytes([number]) * 100_000 for number in range(10)]
    for number, body in enumerate(bodies):
        await keep(database, body, noon + MINUTE * number)
    found = await database.read(lambda tx: inbox.orphans(tx, provider="p", since=noon, most=300_000))
    assert found == bodies[::-1]
    assert await database.read(lambda tx: inbox.orphans(tx, provider="p", since=noon, most=99_999)) == []


# --- leases ----------------------------------------------------------------------------------------------------------


async def test_a_lease_that_was_lost_counts_as_a_failed_try(database: Database, noon: datetime) -> None:
    await added(database, noon)
    for lost in range(4):
        job = await claim(database, noon + MINUTE * lost)
        assert (job.leases_lost, job.attempts) == (lost, lost)
    await database.write(lambda tx: claiming.void_leases(tx, now=noon + MINUTE * 9))
    job = await claim(database, noon + MINUTE * 9)
    assert (job.leases_lost, job.attempts) == (4, 4)


async def test_it_is_noted_since_when_leases_are_lost_in_a_row(database: Database, noon: datetime) -> None:
    """So that a bot which dies ten times in a minute gives up none of the jobs that it had in hand."""
    await added(database, noon)
    for lost in range(3):
        job = await claim(database, noon + MINUTE * lost)
        assert job.losing_since == (noon + MINUTE if lost else None)
    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=noon + 4 * MINUTE, attempts=0))
    assert (await claim(database, noon + 4 * MINUTE)).losing_since is None
    assert (await claim(database, noon + 5 * MINUTE)).losing_since == noon + 5 * MINUTE


async def test_what_is_observed_counts_also_where_the_clock_was_ahead_when_the_state_was_reached(
    database: Database, noon: datetime
) -> None:
    """Else a job would wait for ever for what it gives up after some minutes."""
    await added(database, noon + timedelta(days=365))
    for minutes in (1, 2, 3):
        held = await claim(database, noon + 9 * MINUTE)
        now, observed = noon + (9 + minutes) * MINUTE, held.observed + MINUTE
        await database.write(
            lambda tx, held=held, now=now, observed=observed: claiming.release(  # type: ignore[misc]
                tx, held, now=now, due=noon, attempts=0, observed=observed
            )
        )
        assert held.observed == (minutes - 1) * MINUTE


async def test_a_step_that_comes_back_has_lost_nothing(database: Database, noon: datetime) -> None:
    await added(database, noon)
    await claim(database, noon)
    held, later = await claim(database, noon + MINUTE), noon + 2 * MINUTE
    await database.write(lambda tx: claiming.release(tx, held, now=later, due=later, attempts=held.attempts))
    job = await claim(database, later)
    assert (job.leases_lost, job.attempts) == (0, 1)


async def test_a_step_that_gets_on_has_lost_nothing(database: Database, noon: datetime) -> None:
    await added(database, noon)
    await claim(database, noon)
    held = await claim(database, noon + MINUTE)
    job = await database.write(lambda tx: jobs.save(tx, held, replace(held, state=JobState.SUBMITTING), now=noon))
    assert (job.leases_lost, job.attempts) == (0, 0)
