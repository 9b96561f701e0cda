"""What is done all the time finds its rows by an index, however many jobs have ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from storage import (
    channel_homes,
    claiming,
    corrections,
    deletions,
    exports,
    first_transcripts,
    forgetting,
    inbox,
    install_states,
    installations,
    job_counts,
    job_lists,
    jobs,
    namings,
    preferences,
    reruns,
    search,
    speeds,
    transcripts,
    usage,
)
from storage.claiming import FairShare
from storage.database import Database, Row, SqlValue, Transaction
from storage.job import Job, JobState, Origin, Reason
from transcription.correcting import WordChange
from transcription.transcript import Transcript, Turn

MINUTE = timedelta(minutes=1)

WHOLE_TABLE = re.compile(
    r"(Seq Scan on|SCAN) (jobs|job_history|inbox|transcripts|corrections|namings|exports|speeds|passages|preferences|"
    r"installations|install_states|deletions|channel_homes)\b(?! USING)"
)


class _Explained:
    """A transaction that first asks how each statement would be done."""

    def __init__(self, real: Transaction, *, on_server: bool) -> None:
        self._real = real
        self._explain = "EXPLAIN " if on_server else "EXPLAIN QUERY PLAN "
        self.skip_locked, self.announce, self.be_alone, self.try_lock = (
            real.skip_locked,
            real.announce,
            real.be_alone,
            real.try_lock,
        )
        self.dialect = real.dialect
        self.whole_tables: list[str] = []
        if on_server:  # a table is read through only if nothing else is possible, however small it is
            real.run("SET LOCAL enable_seqscan = off")

    def _ask(self, sql: str, values: dict[str, SqlValue]) -> None:
        rows = self._real.all(self._explain + sql, **values)
        plan = "\n".join(str(dict(row).get("detail") or dict(row).get("QUERY PLAN")) for row in rows)
        if WHOLE_TABLE.search(plan):
            self.whole_tables.append(f"{' '.join(sql.split())}\n{plan}")

    def run(self, sql: str, /, **values: SqlValue) -> int:
        self._ask(sql, values)
        return self._real.run(sql, **values)

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        self._ask(sql, values)
        return self._real.one(sql, **values)

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        self._ask(sql, values)
        return self._real.all(sql, **values)


def _an_installation(tx: Transaction, now: datetime) -> None:
    """How one begins, is asked for and ends."""
    installations.opening(tx, team="T1", enterprise="E1")
    installations.remove(tx, "T1", before=now)
    install_states.issue(tx, "state", now=now, until=now + MINUTE)
    install_states.consume(tx, "state", now=now)


def _a_life(tx: Transaction, now: datetime) -> None:
    """Everything that a job, a webhook and the house do again and again."""
    found = Origin(enterprise="E1", team="T2", channel="C1", file="F1", occasion="1.0", user="U1")
    channel_homes.settle(tx, organisation="E1", team="T1", channel="C1")
    where = channel_homes.at_home(tx, found, organisation="E1")
    jobs.add(tx, origin=where, now=now)
    claiming.next_due(tx)
    job = claiming.claim(tx, fair_share=FairShare(), now=now, until=now + MINUTE)
    assert job is not None
    claiming.claim(tx, fair_share=FairShare(), now=now, until=now + MINUTE, held=[job.id], backlog_first=True)
    claiming.extend(tx, job, until=now + MINUTE)
    job = jobs.locate(tx, job, replace(job, message_ts="1.0"))
    job = jobs.save(tx, job, replace(job, state=JobState.SUBMITTING, provider="p"), now=now)
    jobs.wake(tx, provider="p", handle="h", now=now)
    job = jobs.save(tx, job, replace(job, state=JobState.SUBMITTED, handle="h"), now=now)
    inbox.keep(tx, provider="p", handle="h", body=b"", now=now)
    jobs.wake(tx, provider="p", handle="h", now=now)
    inbox.mark_read(tx, provider="p", handle="h", now=now)
    inbox.newest(tx, provider="p", handle="h")
    claiming.release(tx, job, now=now, due=now, attempts=0, unless_webhook=True, note="a note")
    claiming.hurry(tx, job, now=now)
    claiming.pull_back(tx, now=now, lease=MINUTE)
    inbox.forget(tx, provider="p", handle="h")
    jobs.occasions(tx, where)
    jobs.others_on_message(tx, job)
    jobs.needs_audio(tx, job=job.id)
    jobs.get(tx, job.id)
    turn = Turn(start=MINUTE, end=MINUTE, text="a passage")
    transcripts.put(tx, job.id, Transcript(turns=(turn,), duration=MINUTE), now=now)
    transcripts.get(tx, job.id)
    _looked_for(tx, job, now)
    speeds.learn(tx, provider="p", model="", length=MINUTE, time_taken=MINUTE)
    job = jobs.save(tx, replace(job, lease=None), replace(job, lease=None, state=JobState.READY), now=now)
    first_transcripts.is_still_first(tx, job)
    job = jobs.save(tx, job, replace(job, state=JobState.REPLYING), now=now)
    job = jobs.save(tx, job, replace(job, state=JobState.REPLIED, reply_ts="2.0"), now=now)
    _afterwards(tx, job, now)


def _looked_for(tx: Transaction, job: Job, now: datetime) -> None:
    """What people and the operator ask for."""
    for channels in (["C1"], [f"C{number}" for number in range(search.FEW + 1)]):
        search.find(tx, team="T1", channels=channels, terms=["passage"], limit=9, recent=1, organisation="E1")
    search.direct_messages(tx, team="T1", user="U1", organisation="E1")
    search.catch_up(tx)
    job_lists.in_channel(tx, team="T1", channel="C1", limit=9)
    job_lists.of_person(tx, team="T1", user="U1", limit=9, organisation="E1")
    job_lists.history(tx, job.id)
    job_counts.job_counts(tx, now=now)
    job_lists.on_message(tx, team="T1", channel="C1", ts="1.0")
    preferences.of_recording(tx, job.origin)
    reruns.who_asked(tx, job)


def _corrected(tx: Transaction, job: Job, now: datetime) -> None:
    change = WordChange(place=2, before="passage", after="word")
    drafted = corrections.draft(tx, job, change, turn=0, seen=0, of=now)
    assert drafted is not None
    corrections.add(tx, job, drafted, by="U1", name="Amara", now=now)
    assert corrections.draft_undo(tx, job, version=1, of=now) is not None
    corrections.history(tx, job.id, limit=9)
    corrections.count(tx, job.id)
    corrections.editors(tx, job.id)


def _afterwards(tx: Transaction, job: Job, now: datetime) -> None:
    """What becomes of a job that has its reply."""
    namings.add(tx, job, names={"A": "Thandi"}, seen=0, by="U1", now=now)
    namings.newest(tx, job.id)
    namings.before_newest(tx, job.id)
    _corrected(tx, job, now)
    namings.given_in(tx, team="T2", channel="C1", limit=9)
    wish = exports.ExportRequest(format="txt", recipient=exports.Recipient.THREAD, by="U1", request="V1")
    exports.add(tx, job.id, wish, now=now)
    for export in exports.of_job(tx, job.id):
        exports.note(tx, export)
        exports.drop(tx, export)
    exports.owed(tx, job)
    usage.of_person(tx, job, since=now)
    usage.of_channel(tx, job, since=now)
    usage.of_workspace(tx, job, since=now)
    usage.of_person_by_provider(tx, team="T1", user="U1", since=now, organisation="E1")
    forgetting.file_deleted(tx, team="T1", enterprise="E1", file="F9", now=now)
    forgetting.message_deleted(tx, team="T1", channel="C1", ts="9.0", now=now)
    deletions.remember_message(tx, team="T1", enterprise="E1", channel="C1", ts="9.0", now=now)
    deletions.includes(tx, job.origin)
    deletions.purge(tx, before=now)
    forgetting.purge(tx, before=now)
    forgetting.purge_titles(tx, before=now)
    forgetting.forget(tx, job, forgetting.ForgetRequest(by="U1", why="why", reason=Reason.CANCELLED), now=now)


async def test_what_is_done_all_the_time_never_reads_a_whole_table(database: Database, noon: datetime) -> None:
    def work(tx: Transaction) -> list[str]:
        explained = _Explained(tx, on_server=database.is_shared)
        _an_installation(explained, noon)
        _a_life(explained, noon)
        return explained.whole_tables

    assert await database.write(work) == []
