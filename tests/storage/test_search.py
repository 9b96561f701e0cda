"""Found is what was said in the conversations that somebody is in, by both databases alike, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from storage import forgetting, jobs, namings, passages, search, transcripts
from storage.copying import copy
from storage.database import Database, Row, Transaction
from storage.job import Job, JobId, JobState, Origin, Reason
from storage.ngrams import terms
from storage.search import FEW, RECENT, SearchHit
from tests.bot.job_fixtures import new_database
from tests.storage.sessions import either
from transcription.transcript import Speaker, Transcript, Turn

MINUTE = timedelta(minutes=1)
MEETING = ("Good morning, shall we begin?", "The second delivery is on Wednesday.", "AI costs 5 rand, café or not.")


@pytest.fixture(scope="module")
def urls() -> list[str]:
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, urls: list[str]) -> AsyncIterator[Database]:
    async with either(request, tmp_path, urls) as opened:
        yield opened


def talk(*said: str) -> Transcript:
    turns = tuple(
        Turn(start=MINUTE * number, end=MINUTE * (number + 1), text=text, speaker=Speaker(label=f"s{number % 2}"))
        for number, text in enumerate(said)
    )
    return Transcript(turns=turns, duration=MINUTE * len(said))


def keep(
    tx: Transaction,
    *said: str,
    now: datetime,
    file: str = "F1",
    team: str = "T1",
    channel: str = "C1",
    user: str = "U1",
) -> Job:
    origin = Origin(team=team, channel=channel, file=file, occasion="1.0", user=user, thread="1.0")
    job = jobs.add(tx, origin=origin, now=now)
    assert job is not None
    transcripts.put(tx, job.id, talk(*said), now=now)
    return job


async def kept(database: Database, *said: str, now: datetime, **where: str) -> Job:
    job = await database.write(lambda tx: keep(tx, *said, now=now, **where))
    await search.index(database, job.id)
    return job


async def found(
    database: Database, asked: str, *, team: str = "T1", channels: Iterable[str] = ("C1",), limit: int = 9
) -> list[SearchHit]:
    """What is found by reading; by the index it must be the same."""
    look = partial(search.find, team=team, channels=set(channels), terms=terms(asked), limit=limit)
    by_reading = await database.read(look)
    assert await database.read(partial(look, recent=1)) == by_reading
    return by_reading


async def count(database: Database, table: str) -> int:
    row = await database.read(lambda tx: tx.one(f"SELECT count(*) AS n FROM {table}"))  # noqa: S608 - our own names
    assert row is not None
    return int(row["n"])


@pytest.mark.parametrize(
    ("asked", "turn"),
    [
        ("delivery", 1),
        ("DELIV", 1),
        ("elive", 1),
        ("wednesday second", 1),
        ('"second delivery"', 1),
        ("ai", 2),
        ("5", 2),
        ("cafe", 2),
        ("CAFÉ", 2),
        ('"delivery second"', None),
        ("delivery rand", None),
        ("ra", None),
        ("ost", 2),
        ("nothing", None),
        ("", None),
        ("delivery nothing", None),
    ],
)
async def test_every_word_must_be_in_one_turn(database: Database, noon: datetime, asked: str, turn: int | None) -> None:
    job = await kept(database, *MEETING, now=noon)
    assert [(one.job.id, one.turn, one.turns) for one in await found(database, asked)] == (
        [] if turn is None else [(job.id, turn, 1)]
    )


@pytest.mark.parametrize(
    "asked", ["ประชุม", "วันพุธ", "พุ", "ก", "ประชุม พุธ", "会議", "水", "水曜日", "회의", "여기", "umsebenzi"]
)
async def test_languages_without_spaces_and_with_prefixes_are_searched_too(
    database: Database, noon: datetime, asked: str
) -> None:
    await kept(
        database, "เรามีประชุมกันในวันพุธ", "会議は水曜日です", "회의는 여기서 합니다", "Nomsebenzi umsebenzi", now=noon
    )
    assert len(await found(database, asked)) == 1
    assert await found(database, "ประชา 会水 회여") == []


HOSTILE = [
    '"',
    '""',
    "*",
    "deliver*",
    "NEAR(second, delivery)",
    "-delivery",
    "text:delivery",
    "grams : delivery",
    "{delivery}",
    "delivery OR nothing",
    "delivery AND NOT second",
    "^delivery",
    "delivery & ! second",
    "a:*",
    "<->",
    "'",
    "\\",
    "%",
    "_",
    "'; DROP TABLE passages; --",
    "' OR '1'='1",
    ":wanted",
    "%(wanted)s",
    "\0",
    "\ud83d",
    "(((",
    "a" * 100_000,
    "x " * 500,
    "ก" * 3000,
    "passages_index",
    "delete",
    "rank",
]


@pytest.mark.parametrize("asked", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_that_is_typed_is_a_language_of_its_own(database: Database, noon: datetime, asked: str) -> None:
    await kept(database, *MEETING, now=noon)
    await kept(database, "secret", now=noon, channel="C2")
    hits = await found(database, asked)
    assert all("deliver" in asked and hit.job.origin.channel == "C1" for hit in hits)
    assert await count(database, "passages") == len(MEETING) + 1


async def test_only_the_conversations_that_are_named_are_searched_and_only_in_their_workspace(
    database: Database, noon: datetime
) -> None:
    places = [("T1", "C1"), ("T1", "C2"), ("T2", "C1"), ("T1", "c1"), ("T1C1", "")]
    for number, (team, channel) in enumerate(places):
        await kept(database, "A secret word", now=noon, file=f"F{number}", team=team, channel=channel)
    for team, channel in places:
        [one] = await found(database, "secret", team=team, channels=[channel])
        assert (one.job.origin.team, one.job.origin.channel) == (team, channel)
    assert await found(database, "secret", team="T3", channels=["C1", "C2"]) == []
    assert await found(database, "secret", channels=["C3"]) == []
    assert await found(database, "secret", channels=[]) == []
    many = [f"C{number}" for number in range(1, FEW + 5)]
    assert {one.job.origin.channel for one in await found(database, "secret", channels=many)} == {"C1", "C2"}


async def test_the_newest_come_first_one_for_each_recording(database: Database, noon: datetime) -> None:
    order = [3, 0, 4, 1, 2]
    for day in order:
        said = ["The budget"] * (day + 1)
        await kept(database, *said, now=noon + timedelta(days=day), file=f"F{day}")
    hits = await found(database, "budget")
    assert [(one.job.origin.file, one.turn, one.turns) for one in hits] == [
        (f"F{n}", 0, n + 1) for n in (4, 3, 2, 1, 0)
    ]
    assert [one.job.origin.file for one in await found(database, "budget", limit=2)] == ["F4", "F3"]


async def test_transcripts_of_one_millisecond_are_kept_apart(database: Database, noon: datetime) -> None:
    for number in range(3):
        await kept(database, "one", "two", f"number {number}", now=noon, file=f"F{number}")
    assert len(await found(database, "two")) == 3
    [one] = await found(database, '"number 1"')
    assert one.job.origin.file == "F1"


async def test_what_was_said_before_the_newest_passages_is_found_too(database: Database, noon: datetime) -> None:
    await kept(database, "An old word", now=noon, file="old")
    await kept(database, *["much talk"] * (RECENT + 10), now=noon + MINUTE, file="long")
    [old] = await found(database, "old")
    assert old.job.origin.file == "old"
    [long] = await found(database, "talk")
    assert long.turns >= RECENT


async def test_a_turn_without_end_is_found_at_every_place_of_it(database: Database, noon: datetime) -> None:
    words = [f"word{number}" for number in range(10_000)]
    await kept(
        database, "short", " ".join(words), "".join(chr(0x4E00 + number % 20_000) for number in range(60_000)), now=noon
    )
    for number in range(0, 9_999, 397):
        [one] = await found(database, f'"{words[number]} {words[number + 1]}"')
        assert one.turn == 1
    [one] = await found(database, "".join(chr(0x4E00 + number) for number in range(19_000, 19_090)))
    assert one.turn == 2


async def test_who_spoke_is_told_as_people_named_them(database: Database, noon: datetime) -> None:
    job = await kept(database, *MEETING, now=noon)
    state = {"state": "replied", "reply": "2.0", "id": job.id}
    await database.write(lambda tx: tx.run("UPDATE jobs SET state = :state, reply_ts = :reply WHERE id = :id", **state))
    ready = replace(job, state=JobState.REPLIED)
    await database.write(lambda tx: namings.add(tx, ready, names={"s1": "Thandi"}, seen=0, by="U1", now=noon))
    [one] = await found(database, "delivery")
    assert dict(one.names) == {"s1": "Thandi"}
    assert one.transcript == talk(*MEETING)


async def test_a_transcript_that_is_replaced_is_found_by_its_new_words_only(database: Database, noon: datetime) -> None:
    job = await kept(database, *MEETING, now=noon)
    await database.write(lambda tx: transcripts.put(tx, job.id, talk("Something else"), now=noon + MINUTE))
    assert await found(database, "delivery") == []
    assert len(await found(database, "something")) == 1


WISH = forgetting.ForgetRequest(by="U1", why="why", reason=Reason.CANCELLED)


async def test_what_the_release_before_kept_of_a_recording_without_a_reply_is_not_found(
    database: Database, noon: datetime
) -> None:
    for file, state in (("F1", "abandoned"), ("F2", "replied")):
        job = await kept(database, *MEETING, now=noon, file=file)
        await database.write(partial(_set, job, state))
    assert [one.job.origin.file for one in await found(database, "delivery")] == ["F2"]


async def test_what_is_forgotten_is_not_found_and_not_kept(database: Database, noon: datetime) -> None:
    ended = {"dropped": "replied", "purged": "replied", "gone": "replied", "at work": "replying"}
    for file, state in ended.items():
        job = await kept(database, *MEETING, now=noon, file=file, team="T2" if file == "gone" else "T1")
        await database.write(partial(_set, job, state))
    for file in ("dropped", "at work"):
        [job] = [one.job for one in await found(database, "delivery") if one.job.origin.file == file]
        assert await database.write(lambda tx, job=job: forgetting.forget(tx, job, WISH, now=noon))  # type: ignore[misc]
    assert [one.job.origin.file for one in await found(database, "delivery")] == ["purged"]
    assert await count(database, "passages") == 3 * len(MEETING)  # the one at work still owes its reply
    await database.write(lambda tx: forgetting.workspace(tx, team="T2"))
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE)) == 1
    assert await found(database, "delivery") == []
    assert await found(database, "delivery", team="T2") == []
    await database.write(lambda tx: tx.run("DELETE FROM jobs"))
    assert await count(database, "passages") == 0
    if not database.is_shared:
        await database.write(
            lambda tx: tx.run("INSERT INTO passages_index (passages_index) VALUES ('integrity-check')")
        )
        assert await count(database, "passages_index WHERE passages_index MATCH 'del'") == 0


async def test_what_was_removed_is_out_of_the_index_once_it_is_merged(database: Database, noon: datetime) -> None:
    for number in range(20):
        await kept(database, *MEETING, "zyx" if number == 7 else "xylophone", now=noon, file=f"F{number}")
    await database.write(lambda tx: tx.run("DELETE FROM jobs WHERE file <> 'F1'"))
    upto, steps = await database.read(passages.left), 0
    if database.is_shared:
        assert not upto  # it does it by itself
        return
    blocks = "SELECT count(*) AS n FROM passages_index_data WHERE instr(block, CAST('zyx' AS BLOB))"
    before = await database.read(lambda tx: tx.one(blocks))
    while await database.write(partial(passages.merge, upto=upto, first=not steps)):
        steps += 1
    after = await database.read(lambda tx: tx.one(blocks))
    assert before is not None
    assert after is not None
    assert before["n"] > after["n"] == 0
    assert await database.read(passages.left) == 0
    assert [one.job.origin.file for one in await found(database, "xylophone")] == ["F1"]


def _set(job: Job, state: str, tx: Transaction) -> None:
    tx.run("UPDATE jobs SET state = :state WHERE id = :id", state=state, id=job.id)


async def test_transcripts_from_before_become_findable_a_few_at_a_time_in_their_order(
    database: Database, noon: datetime
) -> None:
    for number in range(search.BATCH + 2):
        await kept(database, *MEETING, now=noon + MINUTE * number, file=f"F{number}")
    await kept(database, now=noon, file="silence")
    await database.write(lambda tx: (tx.run("DELETE FROM passages"), tx.run("UPDATE transcripts SET searchable = 0")))
    assert await found(database, "delivery") == []
    await kept(database, *MEETING, now=noon + MINUTE * 99, file="new")

    assert await database.write(search.catch_up) == search.BATCH
    assert 1 < len(await found(database, "delivery", limit=99)) < search.BATCH + 3
    while await database.write(search.catch_up):
        pass
    files = [one.job.origin.file for one in await found(database, "delivery", limit=99)]
    assert files == ["new", *(f"F{number}" for number in reversed(range(search.BATCH + 2)))]
    assert await count(database, "transcripts WHERE searchable <> created_at") == 0


async def test_what_the_release_before_puts_in_its_place_is_found_by_its_new_words_only(
    database: Database, noon: datetime
) -> None:
    job = await kept(database, *MEETING, now=noon)

    def as_before(tx: Transaction) -> None:
        body = transcripts.BODY.dump_json(talk("Something else")).decode()
        tx.run("UPDATE transcripts SET body = :body, created_at = created_at + 1", body=body)

    await database.write(as_before)
    assert await found(database, "delivery") == []
    assert await database.write(search.catch_up) == 1
    assert await found(database, "delivery") == []
    assert [(one.job.id, one.turn) for one in await found(database, "something")] == [(job.id, 0)]
    assert await database.write(search.catch_up) == 0


async def test_what_came_from_another_database_is_made_findable_here(
    database: Database, noon: datetime, tmp_path: Path
) -> None:
    async with new_database(tmp_path / "source.db") as source:
        await kept(source, *MEETING, now=noon)
        await copy(source, database)
        assert await found(database, "delivery") == []
        assert await database.write(search.catch_up) == 1
        assert len(await found(database, "delivery")) == 1


class Noting:
    """A transaction that notes what it asks the index for."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.wanted: list[object] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def all(self, sql: str, /, **values: Any) -> Sequence[Row]:
        self.wanted += [values["wanted"]] if "wanted" in values else []
        return self._tx.all(sql, **values)


async def test_however_many_conversations_somebody_is_in_the_index_leads_to_none_of_another_workspace(
    database: Database, noon: datetime
) -> None:
    await kept(database, *MEETING, now=noon, team="T2")

    def work(tx: Transaction, *, team: str, channels: int) -> int:
        noting = Noting(tx)
        many = [f"C{number}" for number in range(channels)]
        search.find(cast("Transaction", noting), team=team, channels=many, terms=["delivery"], limit=9, recent=1)
        [wanted] = noting.wanted
        row = tx.one(f"SELECT count(*) AS n FROM {tx.dialect.passages_that_have}", wanted=str(wanted))  # noqa: S608 - our own names
        assert row is not None
        return int(row["n"])

    for channels in (FEW, FEW + 1):
        assert await database.read(partial(work, team="T1", channels=channels)) == 0
        assert await database.read(partial(work, team="T2", channels=channels)) == 1


async def test_direct_messages_in_which_somebody_shared_are_theirs(database: Database, noon: datetime) -> None:
    for number, (team, channel, user) in enumerate(
        [("T1", "D1", "U1"), ("T1", "D2", "U2"), ("T2", "D3", "U1"), ("T1", "C1", "U1"), ("T1", "D1", "U1")]
    ):
        await kept(database, "hello", now=noon, file=f"F{number}", team=team, channel=channel, user=user)
    assert await database.read(lambda tx: search.direct_messages(tx, team="T1", user="U1")) == {"D1"}
    assert await database.read(lambda tx: search.direct_messages(tx, team="T1", user="U3")) == set()


async def test_of_a_job_that_is_not_there_nothing_is_written(database: Database, noon: datetime) -> None:
    nobody = (await kept(database, now=noon)).id[:-1] + "_"
    await database.write(lambda tx: passages.put(tx, JobId(nobody), talk("hello"), made_at=noon))
    assert await count(database, "passages") == 0
    assert passages.gram_of(team="\ud83d", channel="\0").isalnum()
