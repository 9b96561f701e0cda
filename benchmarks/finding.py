"""F1, F2: full-text search in 10,000 transcripts, and the cost of storing a transcript with its search index.

The transcripts are five minutes long: twenty turns of thirty words, one in ten of them in Thai, in a hundred
conversations. The user who searches is a member of thirty of these. Word frequencies follow Zipf's law: the n-th word
is 1/n as frequent as the first.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.measuring import ROUNDS, Figures, Found, Goal, Result, Skipped, compare, folder, number
from benchmarks.servers import a_server
from storage import jobs, search, transcripts
from storage.database import Database, Transaction
from storage.job import JobId, Origin
from storage.migrations import migrate
from storage.ngrams import terms
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite
from storage.timestamps import stored
from storage.transcripts import BODY
from transcription.transcript import Speaker, Transcript, Turn

TRANSCRIPTS, CONVERSATIONS, THEIRS = 10_000, 100, 30
SHOWN = 11
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GOAL_MS = 50

WORDS = [
    "the",
    "to",
    "and",
    "a",
    "of",
    "we",
    "it",
    "that",
    "in",
    "is",
    "for",
    "on",
    "be",
    "you",
    "so",
    "delivery",
    "monday",
    "budget",
    "meeting",
    "ai",
]
SYLLABLES = [first + then for first in "bcdfghjklmnprstvwz" for then in ("a", "e", "i", "o", "u", "an", "en", "al")]
THAI = [
    "วันนี้",
    "เรา",
    "ประชุม",
    "เรื่อง",
    "การส่งมอบ",
    "สินค้า",
    "รอบที่สอง",
    "วันพุธ",
    "และ",
    "ไม่มี",
    "ใคร",
    "ต้อง",
    "เปลี่ยน",
    "ราคา",
    "ลูกค้า",
    "โรงงาน",
    "ครับ",
    "ค่ะ",
    "ที่",
    "ได้",
]

ASKED: Mapping[str, str] = {
    "a word that is hardly ever said": "xylophone",
    "a word that nobody says": "quetzalcoatl",
    "a common word": "the",
    "a word of two letters": "ai",
    "two words": "delivery budget",
    "a phrase": '"monday budget"',
    "five words": "the delivery and that monday",
    "a Thai word": "ประชุม",
    "a Thai word of two letters": "ค่",
    "a Thai letter": "พ",
}


def _goals(on: str) -> tuple[Goal, Goal, Goal, Goal]:
    return (
        Goal(
            key="F1",
            what=f"a word that is hardly ever said, in {TRANSCRIPTS:,} transcripts, {on}",
            against="LIKE over the same transcripts",
            most=0.5,
        ),
        Goal(key="F1", what=f"the slowest of {len(ASKED)} kinds of search, {on}", against=f"{GOAL_MS} ms", most=1),
        Goal(key="F2", what=f"keeping a five-minute transcript, {on}", against=f"{GOAL_MS} ms", most=1),
        Goal(key="F2", what=f"keeping a 400-minute transcript, {on}", against="a second", most=1),
    )


def measure() -> list[Found]:
    """Measure all goals on both databases."""
    with folder() as base:
        found = asyncio.run(_on(_in_file(base / "bot.db"), "SQLite"))
    with a_server() as server:
        if server is None:
            return [*found, *(Skipped(goal=goal, why="no PostgreSQL server here") for goal in _goals("PostgreSQL"))]
        return [*found, *asyncio.run(_on(PostgreSQL.open(server.empty_database()), "PostgreSQL"))]


async def _on(opening: Awaitable[Database], name: str) -> list[Found]:
    database = await opening
    try:
        await migrate(database)
        talk = Talk()
        for start in range(0, TRANSCRIPTS, 100):
            await database.write(partial(put_talk, talk, range(start, start + 100)))
        rare, slowest, short, long = _goals(name)
        found = [*await _finding(database, rare, slowest)]
        return [*found, *await _keeping(database, talk, short, long)]
    finally:
        await database.close()


async def _in_file(path: Path) -> Database:
    return await SQLite.open(path, own=True)


class Talk:
    """A generator of transcripts, deterministic in every run."""

    def __init__(self) -> None:
        self._chance = random.Random(5)
        made = [
            "".join(self._chance.choices(SYLLABLES, k=self._chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(20_000)
        ]
        self._words = [*WORDS, *made]
        self._often = list(itertools.accumulate(1 / (place + 1) for place in range(len(self._words))))

    def of(self, number: int, *, turns: int = 20) -> Transcript:
        """Return a transcript: one in ten is in Thai, one in a thousand contains the rare word."""
        return Transcript(
            turns=tuple(
                Turn(
                    start=timedelta(seconds=12 * turn),
                    end=timedelta(seconds=12 * turn + 11),
                    text=self._thai() if number % 10 == 9 else self._english(rare=number % 997 == turn == 3),  # noqa: PLR2004
                    speaker=Speaker(label="ABCD"[turn % 4]),
                )
                for turn in range(turns)
            ),
            duration=timedelta(seconds=12 * turns),
        )

    def _english(self, *, rare: bool) -> str:
        return " ".join([*self._chance.choices(self._words, cum_weights=self._often, k=30), *(["xylophone"] * rare)])

    def _thai(self) -> str:
        return "".join(self._chance.choices(THAI, k=30))


def put_talk(talk: Talk, numbers: Sequence[int], tx: Transaction) -> None:
    """Store the transcripts with these numbers."""
    for each in numbers:
        now = NOON + timedelta(minutes=each)
        transcripts.put(tx, put_job(tx, each, now=now), talk.of(each), now=now)


def put_job(tx: Transaction, number: int, *, now: datetime) -> JobId:
    """Add the job that a transcript with this number is of."""
    channel = f"C{number * 7 % CONVERSATIONS}"
    origin = Origin(team="T1", channel=channel, file=f"F{number}", occasion="1.0", user="U1", thread="1.0")
    job = jobs.add(tx, origin=origin, now=now)
    assert job is not None
    return job.id


async def _finding(database: Database, rare: Goal, slowest: Goal) -> list[Found]:
    channels = [f"C{number}" for number in range(THEIRS)]
    find = {
        what: partial(search.find, team="T1", channels=channels, terms=terms(asked), limit=SHOWN)
        for what, asked in ASKED.items()
    }
    scan = partial(_scan, channels=channels, word="xylophone")
    [first, *_] = find
    rounds, took = list[Mapping[str, Figures]](), list[Mapping[str, float]]()
    for _ in range(ROUNDS + 1):
        took.append({what: (await _timed(database, look))[0] for what, look in find.items()})
        scanned, count = await _timed(database, scan)
        assert count == (await _timed(database, find[first]))[1] > 0, "both find the same recordings"
        rounds.append({"ours": {"ms": took[-1][first]}, "scan": {"ms": scanned}})
    usual = {what: statistics.median(each[what] for each in took[1:]) for what in find}
    worst = max(usual, key=lambda what: usual[what])
    return [
        compare(rare, rounds[1:], ours="ours", theirs="scan", figure="ms", unit="ms"),
        Result(
            goal=slowest,
            ratios=[each[worst] / GOAL_MS for each in took[1:]],
            scale=f"{number(usual[worst])} ms, {worst}; median of all {number(statistics.median(usual.values()))} ms",
        ),
    ]


async def _timed(database: Database, look: Callable[[Transaction], Sequence[object]]) -> tuple[float, int]:
    began = time.perf_counter()
    found = await database.read(look)
    return (time.perf_counter() - began) * 1000, len(found)


def _scan(tx: Transaction, *, channels: Sequence[str], word: str) -> Sequence[object]:
    """Search without an index."""
    names = {f"channel{number}": channel for number, channel in enumerate(channels)}
    return tx.all(
        "SELECT transcripts.job_id FROM transcripts JOIN jobs ON jobs.id = transcripts.job_id "  # noqa: S608 - our own names
        f"WHERE jobs.team = 'T1' AND jobs.channel IN ({', '.join(f':{name}' for name in names)}) "
        "AND lower(transcripts.body) LIKE :word ORDER BY transcripts.created_at DESC LIMIT :shown",
        word=f"%{word}%",
        shown=SHOWN,
        **names,
    )


KEPT = 100


async def _keeping(database: Database, talk: Talk, short: Goal, long: Goal) -> list[Found]:
    numbers = itertools.count(TRANSCRIPTS)
    rounds, ratios = list[Mapping[str, Figures]](), list[float]()
    for _ in range(ROUNDS):
        sides = {"found": list[float](), "hidden": list[float]()}
        for (name, took), _ in itertools.product(sides.items(), range(KEPT)):
            took.append(await _kept(database, talk.of(next(numbers)), next(numbers), hidden=name == "hidden"))
        rounds.append({name: {"ms": statistics.mean(took)} for name, took in sides.items()})
        ratios.append(await _kept(database, talk.of(1, turns=2000), next(numbers), hidden=False) / 1000)
    usual, alone = (statistics.median(each[side]["ms"] for each in rounds) for side in ("found", "hidden"))
    return [
        Result(
            goal=short,
            ratios=[each["found"]["ms"] / GOAL_MS for each in rounds],
            scale=f"{number(usual)} ms, not to be found {number(alone)} ms",
        ),
        Result(goal=long, ratios=ratios, scale=f"{number(statistics.median(ratios) * 1000)} ms"),
    ]


async def _kept(database: Database, transcript: Transcript, number: int, *, hidden: bool) -> float:
    """Return the milliseconds until a transcript is on disk."""
    now = NOON + timedelta(minutes=number)
    job = await database.write(partial(put_job, number=number, now=now))
    keep = partial(_hide, job, transcript, now) if hidden else partial(_keep, job, transcript, now)
    began = time.perf_counter()
    await database.write(keep)
    if not hidden:
        await search.index(database, job)
    return (time.perf_counter() - began) * 1000


def _keep(job: JobId, transcript: Transcript, now: datetime, tx: Transaction) -> None:
    transcripts.put(tx, job, transcript, now=now)


def _hide(job: JobId, transcript: Transcript, now: datetime, tx: Transaction) -> None:
    """Store only the row, without a search index."""
    body = BODY.dump_json(transcript).decode()
    tx.run(
        "INSERT INTO transcripts (job_id, body, created_at, searchable) VALUES (:job, :body, :now, :now)",
        job=job,
        body=body,
        now=stored(now),
    )
