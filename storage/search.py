"""Full-text search in transcripts, limited to given conversations. See docs/decisions/0015."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from storage import channel_homes, corrections, namings, passages, transcripts
from storage.channel_homes import TEAMS
from storage.database import Database, Row, SqlValue, Transaction
from storage.job import Job, JobId
from storage.job_rows import job_of
from storage.ngrams import needle, telling_grams
from storage.timestamps import moment
from transcription.transcript import Transcript

RECENT = 10_000
"""Newest passages that are scanned before the index is used. Frequent words are found there already."""

FEW = 16
"""With at most so many conversations the index query names them; with more it covers the whole workspace."""

BATCH = 5
"""Transcripts that are not indexed yet and are looked at in one transaction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """A recording with all terms in one turn. `turn` is the index of the first such turn, `turns` their number."""

    job: Job
    transcript: Transcript
    names: Mapping[str, str]
    turn: int
    turns: int


def find(
    tx: Transaction,
    *,
    team: str,
    channels: Collection[str],
    terms: Sequence[str],
    limit: int,
    recent: int = RECENT,
    organisation: str | None = None,
) -> list[SearchHit]:
    """Return the newest recordings in these conversations in which one turn contains all terms (`ngrams.terms`).

    `organisation`: of an enterprise install; then also where a conversation's home is another one of its workspaces.
    A term that is longer than `passages.OVERLAP` is never found.
    """
    if not channels or not terms or max(map(len, terms)) > passages.OVERLAP:
        return []
    homes = channel_homes.by_home(tx, channels, organisation=organisation, team=team)
    query = _Search(tx, homes=homes, terms=terms, limit=limit)
    newest = tx.one(
        "SELECT count(*) AS n, min(id) AS oldest, max(id) AS newest FROM "
        "(SELECT id FROM passages WHERE id > 0 ORDER BY id DESC LIMIT :most) AS recent",
        most=recent,
    )
    if newest is None or not newest["n"]:
        return []
    rows = query.scan(oldest=newest["oldest"], newest=newest["newest"])
    if len(rows) < limit and newest["n"] == recent:
        rows = query.by_index()
    return [found for row in rows if (found := _found(tx, row))]


class _Search:
    """One search. Every result is checked against the text, whether it came from a scan or from the index."""

    def __init__(
        self, tx: Transaction, *, homes: Mapping[str, Sequence[str]], terms: Sequence[str], limit: int
    ) -> None:
        self._tx = tx
        self._terms = terms
        few = sum(map(len, homes.values())) <= FEW
        self._where = [
            passages.gram_of(team=team, channel=each)
            for team, channels in homes.items()
            for each in (channels if few else [passages.EVERYWHERE])
        ]
        self._needles = {f"needle{number}": f"%{needle(term)}%" for number, term in enumerate(terms)}
        places, values = _places(homes)
        self._places = places
        self._values: dict[str, SqlValue] = {"limit": limit, **self._needles, **values}

    def scan(self, *, oldest: int, newest: int) -> Sequence[Row]:
        """Search the passages between these two ids."""
        # Both bounds are needed, else SQLite scans all passages in the order of the grouping.
        return self._rows("passages WHERE id BETWEEN :oldest AND :newest", oldest=oldest, newest=newest)

    def by_index(self) -> Sequence[Row]:
        """Search all passages with the index."""
        grams = dict.fromkeys(gram for term in self._terms for gram in telling_grams(term))
        return self._rows(self._tx.dialect.passages_that_have, wanted=self._tx.dialect.query(grams, self._where))

    def _rows(self, source: str, **values: SqlValue) -> Sequence[Row]:
        said = " AND ".join(f"text LIKE :{name}" for name in self._needles)
        return self._tx.all(
            "SELECT said.job_id, said.turn, said.turns FROM ("  # noqa: S608 - our own names
            "SELECT job_id, max(id) AS newest, min(turn) AS turn, count(DISTINCT turn) AS turns "
            f"FROM {source} AND {said} GROUP BY job_id) AS said JOIN jobs ON jobs.id = said.job_id "
            f"WHERE ({self._places}) AND jobs.forgotten = 0 AND jobs.state <> 'abandoned' "
            "ORDER BY said.newest DESC LIMIT :limit",
            **self._values,
            **values,
        )


def _places(homes: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, SqlValue]]:
    """Return an SQL condition for the jobs in these channels of these teams, with its values."""
    said, values = list[str](), dict[str, SqlValue]()
    for number, (team, channels) in enumerate(homes.items()):
        names = {f"channel{number}_{each}": channel for each, channel in enumerate(channels)}
        said.append(f"jobs.team = :team{number} AND jobs.channel IN ({', '.join(f':{name}' for name in names)})")
        values |= {f"team{number}": team, **names}
    return " OR ".join(said), values


def _found(tx: Transaction, row: Row) -> SearchHit | None:
    job = tx.one("SELECT * FROM jobs WHERE id = :id", id=row["job_id"])
    transcript = transcripts.get(tx, row["job_id"])
    if job is None or transcript is None or not _is_indexed(tx, row["job_id"]) or row["turn"] >= len(transcript.turns):
        return None
    naming = namings.newest(tx, row["job_id"])
    names = naming.names if naming else {}
    return SearchHit(job=job_of(job), transcript=transcript, names=names, turn=row["turn"], turns=row["turns"])


def _is_indexed(tx: Transaction, job_id: JobId) -> bool:
    """Return whether the passages are of the current transcript: the previous release replaces only the transcript."""
    known = "SELECT 1 AS known FROM transcripts WHERE job_id = :job_id AND searchable = created_at"
    return tx.one(known, job_id=job_id) is not None


def direct_messages(tx: Transaction, *, team: str, user: str, organisation: str | None = None) -> set[str]:
    """Return the direct messages in which a person shared recordings. Nobody can leave these."""
    rows = tx.all(
        f"SELECT DISTINCT channel FROM jobs WHERE team IN {TEAMS} AND user_id = :user AND channel LIKE 'D%'",  # noqa: S608 - our own words
        team=team,
        organisation=channel_homes.around(tx, organisation=organisation, team=team),
        user=user,
    )
    return {str(row["channel"]) for row in rows}


async def index(database: Database, job_id: JobId) -> None:
    """Index the rest of a job's transcript, each portion in its own transaction; it may be interrupted anywhere."""
    found = await database.read(lambda tx: _unindexed(tx, job_id))
    while found is not None and await database.write(partial(_index_more, job_id=job_id, found=found)):
        pass


_Unindexed = tuple[datetime, int, Transcript]


def _unindexed(tx: Transaction, job_id: JobId) -> _Unindexed | None:
    row = tx.one(
        "SELECT created_at FROM transcripts WHERE job_id = :job_id AND searchable <> created_at", job_id=job_id
    )
    transcript = transcripts.get(tx, job_id) if row else None
    if row is None or transcript is None:
        return None
    return moment(row["created_at"]), corrections.shown_by(tx, job_id), transcript


def _index_more(tx: Transaction, *, job_id: JobId, found: _Unindexed) -> bool:
    made_at, version, transcript = found
    held = tx.one(f"SELECT 1 AS held FROM transcripts WHERE job_id = :job_id {tx.skip_locked}", job_id=job_id)  # noqa: S608 - our own words
    if held is None or corrections.shown_by(tx, job_id) != version:
        return False  # it was deleted or corrected meanwhile; `catch_up` reads what there is now
    return transcripts.index_more(tx, job_id, transcript, made_at=made_at)


def waiting(tx: Transaction) -> list[JobId]:
    """Return the oldest jobs whose transcripts are not whole in the index, at most `BATCH`."""
    rows = tx.all(
        "SELECT job_id FROM transcripts WHERE searchable <> created_at ORDER BY created_at LIMIT :most", most=BATCH
    )
    return [JobId(row["job_id"]) for row in rows]


def catch_up(tx: Transaction) -> int:
    """Index transcripts that are not indexed yet, oldest first, at most `BATCH`; a long one in portions.

    Return of how many something was indexed.
    """
    rows = tx.all(
        "SELECT job_id, created_at FROM transcripts WHERE searchable <> created_at ORDER BY created_at LIMIT :most "  # noqa: S608 - our own words
        f"{tx.skip_locked}",
        most=BATCH,
    )
    for number, row in enumerate(rows, start=1):
        job_id = JobId(row["job_id"])
        transcript = transcripts.get(tx, job_id)
        if transcript is not None and transcripts.index_more(tx, job_id, transcript, made_at=moment(row["created_at"])):
            return number  # it used up what one transaction may take
    return len(rows)
