"""A recording that is done again: what may be, what stays until there is something better, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest

from storage import forgetting, inbox, job_lists, jobs, preferences, reruns, usage
from storage.database import Database, Transaction
from storage.job import Failure, Job, JobId, JobState, LeaseLost, Origin, Reason, as_before
from storage.job_rows import update
from storage.options import TranscriptionOptions
from storage.reruns import Asked

ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
HOUR = timedelta(hours=1)
DONE: dict[str, object] = {"state": JobState.REPLIED, "reply_ts": "2.0", "reply_intent": "{}", "message_ts": "1.0"}

WAITS: dict[str, object] = {"state": JobState.RECEIVED}


async def _job(
    database: Database, now: datetime, changes: Mapping[str, object] = MappingProxyType({}), *, origin: Origin = ORIGIN
) -> Job:
    """A job as it is after some life of its own."""

    def work(tx: Transaction) -> Job:
        job = jobs.add(tx, origin=origin, now=now)
        assert job is not None
        known = {"provider": "p", "duration": HOUR, "handle": "h", "message_ts": origin.occasion}
        after = replace(job, **(known | dict(changes)))  # type: ignore[arg-type]
        update(tx, job, after, claimable=True)
        return after

    return await database.write(work)


async def _now(database: Database, job: Job) -> Job:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found


async def test_what_is_done_is_done_otherwise_and_shows_the_old_until_then(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE | {"options": TranscriptionOptions(language="en")})
    wanted = TranscriptionOptions(language="zu-ZA")
    begun = await database.write(lambda tx: reruns.rerun(tx, job, options=wanted, by="U2", now=noon))
    found = await _now(database, job)
    assert begun == found
    assert (found.state, found.options, found.begun_by, found.retried) == (JobState.RECEIVED, wanted, "U2", 1)
    assert (found.reply_ts, found.reply_intent, found.handle) == ("2.0", "{}", None)
    ended = await database.write(lambda tx: jobs.cancel(tx, found, now=noon))
    assert ended is not None
    assert (ended.state, ended.failure, ended.options) == (JobState.REPLIED, None, TranscriptionOptions(language="en"))
    assert (ended.provider, ended.shown_as, ended.reply_ts) == ("p", None, "2.0")
    assert await _now(database, job) == ended


@pytest.mark.parametrize("change", [{"state": JobState.SUBMITTED}, {"state": JobState.REPLIED, "forgotten": 2}])
async def test_what_is_at_work_or_forgotten_is_not_done_again(
    database: Database, noon: datetime, change: dict[str, object]
) -> None:
    job = await _job(database, noon, change)
    wanted = TranscriptionOptions(language="zu-ZA")
    assert await database.write(lambda tx: reruns.rerun(tx, job, options=wanted, by="U2", now=noon)) is None


async def test_what_somebody_has_in_hand_is_left_to_them(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE | {"lease": "mine"})
    with pytest.raises(LeaseLost):
        await database.write(lambda tx: reruns.retry(tx, job, now=noon))
    with pytest.raises(LeaseLost):
        await database.write(lambda tx: reruns.rerun(tx, job, options=TranscriptionOptions(), by="U2", now=noon))


async def _asked(database: Database, now: datetime, origin: Origin = ORIGIN) -> Asked:
    return (await database.write(lambda tx: reruns.request(tx, origin, by="U2", now=now)))[0]


async def test_what_nobody_has_heard_of_is_begun_for_whoever_asks(database: Database, noon: datetime) -> None:
    assert await _asked(database, noon) is Asked.STARTED
    assert await _asked(database, noon) is Asked.IN_WORK
    row = await database.read(lambda tx: tx.one("SELECT id FROM jobs"))
    assert row is not None
    job = await database.read(lambda tx: jobs.get(tx, JobId(row["id"])))
    assert job is not None
    assert (job.requested_by, job.begun_at) == ("U2", noon)


async def test_what_waits_is_asked_for_too(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, WAITS)
    place = preferences.Scope(team="T1", kind="channel", owner="C1")
    assert await _asked(database, noon) is Asked.IN_WORK
    assert await database.read(lambda tx: reruns.who_asked(tx, job)) is None, "it happens by itself, and is not theirs"
    on_request = preferences.Preferences(automatic=False)
    await database.write(lambda tx: preferences.put(tx, place, on_request, seen=0, by="U1", now=noon))
    assert await _asked(database, noon) is Asked.IN_WORK
    assert await database.read(lambda tx: reruns.who_asked(tx, job)) == "U2"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"state": JobState.ABANDONED, "failure": Failure(reason=Reason.ON_REQUEST)}, Asked.STARTED),
        ({"state": JobState.REPLIED, "failure": Failure(reason=Reason.GAVE_UP)}, Asked.FAILED),
        ({"state": JobState.ABANDONED, "failure": Failure(reason=Reason.CANCELLED)}, Asked.FAILED),
        ({"state": JobState.REPLIED}, Asked.DONE),
        ({"state": JobState.REPLIED, "forgotten": 2}, Asked.REMOVED),
    ],
)
async def test_whatever_became_of_it_before(
    database: Database, noon: datetime, change: dict[str, object], outcome: Asked
) -> None:
    await _job(database, noon, change)
    assert await _asked(database, noon) is outcome


NOVEMBER = datetime.fromisoformat("2026-11-01T00:00:00+00:00")


async def test_doing_it_again_counts_once_more_and_for_whoever_asks(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE)
    begun = await database.write(
        lambda tx: reruns.rerun(tx, job, options=TranscriptionOptions(), by="U2", now=noon + HOUR)
    )
    assert begun is not None
    for whose in (usage.of_person, usage.of_channel, usage.of_workspace):
        assert await database.read(lambda tx, whose=whose: whose(tx, begun, since=NOVEMBER)) == HOUR  # type: ignore[misc]
    other = await _job(database, noon + 2 * HOUR, origin=replace(ORIGIN, file="F2", user="U2"), changes=WAITS)
    assert await database.read(lambda tx: usage.of_person(tx, other, since=NOVEMBER)) == 2 * HOUR
    sharers = await _job(database, noon + 2 * HOUR, origin=replace(ORIGIN, file="F3"), changes=WAITS)
    assert await database.read(lambda tx: usage.of_person(tx, sharers, since=NOVEMBER)) == timedelta(0)
    for user, hours in (("U2", 3), ("U1", 1)):  # of the one who asked for it anew both tries count
        used = await database.read(
            lambda tx, user=user: usage.of_person_by_provider(tx, team="T1", user=user, since=NOVEMBER)  # type: ignore[misc]
        )
        assert used == {"p": hours * HOUR}


async def test_a_new_month_begins_with_nothing_spent(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE)
    begun = await database.write(
        lambda tx: reruns.rerun(tx, job, options=TranscriptionOptions(), by="U2", now=noon + timedelta(days=30))
    )
    assert begun is not None
    assert begun.spent == timedelta(0)


@pytest.mark.parametrize(
    ("reason", "handle", "hours"),
    [
        (None, "h", 1),
        (Reason.PROVIDER_FAILED, "h", 0),
        (Reason.CANCELLED, "h", 1),
        (Reason.CANCELLED, None, 0),
        (Reason.REFUSED, None, 0),
    ],
)
async def test_what_costs_is_the_same_for_one_job_as_for_a_sum(
    database: Database, noon: datetime, reason: Reason | None, handle: str | None, hours: int
) -> None:
    failure = Failure(reason=reason) if reason else None
    job = await _job(database, noon, {"handle": handle, "failure": failure, "state": JobState.REPLIED})
    later = await _job(database, noon + HOUR, origin=replace(ORIGIN, file="F2"), changes=WAITS)
    counted = await database.read(lambda tx: usage.of_channel(tx, later, since=NOVEMBER))
    assert (reruns.costs(job), counted) == (bool(hours), hours * HOUR)


async def _done_anew(database: Database, job: Job, now: datetime, changes: Mapping[str, object]) -> Job:
    """The job, begun again and as far as that."""
    current = await _now(database, job)
    begun = await database.write(lambda tx: reruns.rerun(tx, current, options=TranscriptionOptions(), by="U1", now=now))
    assert begun is not None
    after = replace(begun, **dict(changes))  # type: ignore[arg-type]
    await database.write(lambda tx: update(tx, begun, after, claimable=True))
    return after


async def _used(database: Database) -> timedelta:
    used = await database.read(lambda tx: usage.of_person_by_provider(tx, team="T1", user="U1", since=NOVEMBER))
    return sum(used.values(), timedelta(0))


async def test_doing_it_again_in_vain_costs_nothing_however_often(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE)
    for turn in range(3):
        failed = Failure(reason=Reason.PROVIDER_FAILED)
        ready = await _done_anew(database, job, noon + turn * HOUR, {"state": JobState.READY, "failure": failed})
        await database.write(lambda tx, ready=ready: update(tx, ready, as_before(ready), claimable=True))  # type: ignore[misc]
        assert await _used(database) == HOUR


@pytest.mark.parametrize(("handle", "hours"), [(None, 1), ("h2", 2)])
async def test_cancelling_it_costs_what_the_provider_has_had(
    database: Database, noon: datetime, handle: str | None, hours: int
) -> None:
    job = await _job(database, noon, DONE)
    begun = await _done_anew(database, job, noon + HOUR, {"state": JobState.SUBMITTED, "handle": handle})
    ended = await database.write(lambda tx: jobs.cancel(tx, begun, now=noon + HOUR, by="U7"))
    assert ended is not None
    assert await _used(database) == hours * HOUR
    told = await database.read(lambda tx: job_lists.history(tx, job.id))
    assert told[-1][2] == "cancelled (U7)"


async def test_forgetting_what_is_done_again_forgets_what_its_webhooks_say(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE)
    sent = await _done_anew(database, job, noon, {"state": JobState.SUBMITTED, "handle": "h2"})
    await database.write(lambda tx: inbox.keep(tx, provider="p", handle="h2", body=b"words", now=noon))
    wish = forgetting.ForgetRequest(by="U1", why="at their wish", reason=Reason.CANCELLED)
    await database.write(lambda tx: forgetting.forget(tx, sent, wish, now=noon))
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h2")) is None
    assert await database.read(lambda tx: forgetting.is_unwanted(tx, provider="p", handle="h2"))


async def test_nobody_else_is_offered_the_words_of_what_was_done_again(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, DONE | {"provider": "q"})
    sent = await _done_anew(database, job, noon, {"state": JobState.SUBMITTED, "handle": "h2", "provider": "p"})
    await database.write(lambda tx: jobs.cancel(tx, sent, now=noon))
    elsewhere = replace(ORIGIN, channel="C2", file="F2")
    waiting = {"state": JobState.SUBMITTING, "handle": None, "sendings": 1}
    other = await _job(database, noon, waiting, origin=elsewhere)
    assert await database.read(lambda tx: jobs.rivals(tx, other, now=noon)) == 1
