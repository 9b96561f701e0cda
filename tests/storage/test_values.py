"""What goes into either database comes out of it: odd texts, large bodies, numbers, order."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import (
    channel_homes,
    claiming,
    corrections,
    exports,
    forgetting,
    gaps,
    inbox,
    install_states,
    installations,
    job_counts,
    job_lists,
    jobs,
    namings,
    passages,
    preferences,
    reruns,
    search,
    speeds,
    transcripts,
    usage,
    vocabularies,
)
from storage.claiming import FairShare
from storage.database import Database, Transaction
from storage.job import Failure, Job, JobState, Origin, Reason
from tests.storage.sessions import either
from transcription.transcript import Transcript, Turn

HALF = "\ud83d"
"""Of a surrogate pair: JSON can hold it, UTF-8 cannot."""

STORES = (
    channel_homes,
    reruns,
    claiming,
    corrections,
    exports,
    forgetting,
    inbox,
    install_states,
    installations,
    job_counts,
    job_lists,
    jobs,
    namings,
    passages,
    preferences,
    gaps,
    search,
    speeds,
    transcripts,
    usage,
    vocabularies,
)


@pytest.fixture(scope="module")
def urls() -> list[str]:
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, urls: list[str]) -> AsyncIterator[Database]:
    async with either(request, tmp_path, urls) as opened:
        yield opened


def origin(file: str = "F1", **more: str | None) -> Origin:
    return replace(Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1"), **more)  # type: ignore[arg-type]


async def _added(database: Database, now: datetime, where: Origin, title: str | None = None) -> Job:
    job = await database.write(lambda tx: jobs.add(tx, origin=where, now=now, title=title))
    assert job is not None
    return job


async def _read(database: Database, job: Job) -> Job:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.__name__)
def test_every_statement_is_run_by_a_test_on_both_databases(store: object) -> None:
    code = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    name = getattr(store, "__name__", "").rpartition(".")[2]
    public = [
        each
        for each, value in vars(store).items()
        if callable(value) and getattr(value, "__module__", "") == f"storage.{name}" and each[0].islower()
    ]
    assert public
    assert [each for each in public if f"{name}.{each}" not in code] == []


async def test_a_title_that_no_database_could_keep_costs_no_recording(database: Database, noon: datetime) -> None:
    job = await _added(database, noon, origin(), f"a\0b{HALF}c ก 🎙")
    assert (await _read(database, job)).title == "a\ufffdb\ufffdc ก 🎙"


async def test_odd_ids_are_found_again_under_the_same_odd_id(database: Database, noon: datetime) -> None:
    odd = f"h\0{HALF}"
    await database.write(lambda tx: inbox.keep(tx, provider="p", handle=odd, body=b"\0", now=noon))
    assert await database.read(lambda tx: inbox.has_unread(tx, provider="p", handle=odd))
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle=odd)) == b"\0"
    where = origin("F\0", team=HALF)
    await _added(database, noon, where)
    assert await database.write(lambda tx: jobs.add(tx, origin=where, now=noon)) is None
    assert await database.read(lambda tx: jobs.occasions(tx, where)) == {"1.0"}


async def test_a_transcript_keeps_every_character(database: Database, noon: datetime) -> None:
    job = await _added(database, noon, origin())
    text = "".join(map(chr, [*range(0x2100), 0xFFFD, 0xFFFE, 0xFFFF, 0x1F399, 0x10FFFF])) + "%s :now '\"\\"
    turn = Turn(start=timedelta(0), end=timedelta(milliseconds=1), text=text, speaker=None)
    transcript = Transcript(turns=(turn,), duration=timedelta(days=400))
    for _ in range(2):  # the second one replaces the first
        await database.write(lambda tx: transcripts.put(tx, job.id, transcript, now=noon))
    assert await database.read(lambda tx: transcripts.get(tx, job.id)) == transcript


async def test_a_body_of_ten_megabytes_comes_back_byte_for_byte(database: Database, noon: datetime) -> None:
    body = os.urandom(1000) * 10_486
    await database.write(lambda tx: inbox.keep(tx, provider="p", handle="h", body=body, now=noon))
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h")) == body
    assert await database.read(lambda tx: inbox.orphans(tx, provider="p", since=noon)) == [body]


async def test_the_farthest_moments_and_lengths_fit(database: Database, noon: datetime) -> None:
    await _added(database, noon, origin())
    last = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)

    def work(tx: Transaction) -> Job:
        job = claiming.claim(tx, fair_share=FairShare(), now=noon, until=last)
        assert job is not None
        return jobs.save(tx, job, replace(job, duration=timedelta(days=999_999), sendings=2**31 - 1), now=noon)

    job = await database.write(work)
    assert await _read(database, job) == replace(job, due_at=last)


async def test_nothing_and_an_empty_text_stay_apart(database: Database, noon: datetime) -> None:
    nothing = await _added(database, noon, origin("F1"))
    empty = await _added(database, noon, origin("F2", enterprise="", thread=""), "")
    found = [await _read(database, job) for job in (nothing, empty)]
    assert [(job.title, job.origin.enterprise, job.origin.thread) for job in found] == [
        (None, None, None),
        ("", "", ""),
    ]
    assert await database.read(lambda tx: inbox.newest(tx, provider="", handle="")) is None


async def test_a_failure_keeps_its_sentence_or_the_lack_of_one(database: Database, noon: datetime) -> None:
    for file, sentence in (("F1", None), ("F2", ""), ("F3", "It is too long.")):
        await _added(database, noon, origin(file))
        job = await database.write(lambda tx: claiming.claim(tx, fair_share=FairShare(), now=noon, until=noon))
        assert job is not None
        failed = replace(job, state=JobState.READY, failure=Failure(reason=Reason.REFUSED, sentence=sentence))
        await database.write(lambda tx, job=job, failed=failed: jobs.save(tx, job, failed, now=noon))  # type: ignore[misc]
        assert (await _read(database, job)).failure == failed.failure


async def test_notes_of_one_millisecond_stay_in_the_order_in_which_they_were_made(
    database: Database, noon: datetime
) -> None:
    job = await _added(database, noon, origin())
    notes = ["b", "a", "B", "Z", "ä", "a", "0"]

    def work(tx: Transaction, note: str) -> None:
        taken = claiming.claim(tx, fair_share=FairShare(), now=noon, until=noon)
        assert taken is not None
        jobs.save(tx, taken, taken, now=noon, note=note)

    for note in notes:
        await database.write(lambda tx, note=note: work(tx, note))  # type: ignore[misc]
    told = await database.read(lambda tx: job_lists.history(tx, job.id))
    assert [note for _, _, note in told] == [None, *notes]


async def test_jobs_of_one_moment_are_listed_alike_by_both_databases(database: Database, noon: datetime) -> None:
    for file in range(20):
        await _added(database, noon, origin(f"F{file}"))
    await database.write(lambda tx: tx.run("UPDATE jobs SET message_ts = occasion"))
    for listed in (
        await database.read(lambda tx: job_lists.newest(tx, limit=50)),
        await database.read(lambda tx: job_lists.in_channel(tx, team="T1", channel="C1", limit=50)),
        await database.read(lambda tx: job_lists.of_person(tx, team="T1", user="U1", limit=50)),
    ):
        assert [job.id for job in listed] == sorted(job.id for job in listed)
        assert len(listed) == 20
