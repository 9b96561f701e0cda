"""Looking for words in what was said, in the conversations that somebody is in. See docs/decisions/0015."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from storage import namings, passages, transcripts
from storage.database import Row, SqlValue, Transaction
from storage.job import Job, JobId
from storage.job_rows import job_of
from storage.ngrams import needle, telling_grams
from storage.timestamps import moment
from transcription.transcript import Transcript

RECENT = 10_000
"""Passages that are read through before the index is asked: what is often said is found among them already."""

FEW = 16
"""Where somebody is in no more conversations, the index is asked for what was said in these, else in the workspace."""

BATCH = 5
"""Transcripts of an earlier release that become findable in one unit of work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchHit:
    """A recording in which all that is looked for was said in one turn: `turn` is the first of so many `turns`."""

    job: Job
    transcript: Transcript
    names: Mapping[str, str]
    turn: int
    turns: int


def find(
    tx: Transaction, *, team: str, channels: Collection[str], terms: Sequence[str], limit: int, recent: int = RECENT
) -> list[SearchHit]:
    """The newest recordings in these conversations in which all terms (`matching.terms`) were said in one turn.

    A term that is longer than what two passages share (`passages.OVERLAP`) is not found.
    """
    if not channels or not terms or max(map(len, terms)) > passages.OVERLAP:
        return []
    look = _Look(tx, team=team, channels=sorted(channels), terms=terms, limit=limit)
    newest = tx.one(
        "SELECT count(*) AS n, min(id) AS oldest, max(id) AS newest FROM "
        "(SELECT id FROM passages WHERE id > 0 ORDER BY id DESC LIMIT :most) AS recent",
        most=recent,
    )
    if newest is None or not newest["n"]:
        return []
    rows = look.through(oldest=newest["oldest"], newest=newest["newest"])
    if len(rows) < limit and newest["n"] == recent:
        rows = look.by_the_index()
    return [found for row in rows if (found := _found(tx, row))]


class _Look:
    """One looking for something. That a term is found is said by the text itself, whatever led to it."""

    def __init__(
        self, tx: Transaction, *, team: str, channels: Sequence[str], terms: Sequence[str], limit: int
    ) -> None:
        self._tx = tx
        self._terms = terms
        places = channels if len(channels) <= FEW else [passages.EVERYWHERE]
        self._where = [passages.gram_of(team=team, channel=each) for each in places]
        self._needles = {f"needle{number}": f"%{needle(term)}%" for number, term in enumerate(terms)}
        self._channels = {f"channel{number}": channel for number, channel in enumerate(channels)}
        self._values: dict[str, SqlValue] = {"team": team, "limit": limit, **self._needles, **self._channels}

    def through(self, *, oldest: int, newest: int) -> Sequence[Row]:
        """Among the passages between these two."""
        # Both are named, else SQLite reads all of them in the order in which they are grouped.
        return self._rows("passages WHERE id BETWEEN :oldest AND :newest", oldest=oldest, newest=newest)

    def by_the_index(self) -> Sequence[Row]:
        """Among all."""
        grams = dict.fromkeys(gram for term in self._terms for gram in telling_grams(term))
        return self._rows(self._tx.dialect.passages_that_have, wanted=self._tx.dialect.wanted(grams, self._where))

    def _rows(self, source: str, **values: SqlValue) -> Sequence[Row]:
        said = " AND ".join(f"text LIKE :{name}" for name in self._needles)
        channels = ", ".join(f":{name}" for name in self._channels)
        return self._tx.all(
            "SELECT said.job_id, said.turn, said.turns FROM ("  # noqa: S608 - our own names
            "SELECT job_id, max(id) AS newest, min(turn) AS turn, count(DISTINCT turn) AS turns "
            f"FROM {source} AND {said} GROUP BY job_id) AS said JOIN jobs ON jobs.id = said.job_id "
            f"WHERE jobs.team = :team AND jobs.channel IN ({channels}) AND jobs.forgotten = 0 "
            "ORDER BY said.newest DESC LIMIT :limit",
            **self._values,
            **values,
        )


def _found(tx: Transaction, row: Row) -> SearchHit | None:
    job = tx.one("SELECT * FROM jobs WHERE id = :id", id=row["job_id"])
    transcript = transcripts.get(tx, row["job_id"])
    if job is None or transcript is None or not _is_as_found(tx, row["job_id"]) or row["turn"] >= len(transcript.turns):
        return None
    naming = namings.newest(tx, row["job_id"])
    names = naming.names if naming else {}
    return SearchHit(job=job_of(job), transcript=transcript, names=names, turn=row["turn"], turns=row["turns"])


def _is_as_found(tx: Transaction, job_id: JobId) -> bool:
    """Whether the transcript is the one that its passages were made of: the release before replaces it without them."""
    known = "SELECT 1 AS known FROM transcripts WHERE job_id = :job_id AND searchable = created_at"
    return tx.one(known, job_id=job_id) is not None


def direct_messages(tx: Transaction, *, team: str, user: str) -> set[str]:
    """The direct messages in which somebody shared recordings: nobody can leave one."""
    rows = tx.all(
        "SELECT DISTINCT channel FROM jobs WHERE team = :team AND user_id = :user AND channel LIKE 'D%'",
        team=team,
        user=user,
    )
    return {str(row["channel"]) for row in rows}


def catch_up(tx: Transaction) -> int:
    """Make transcripts findable that are not yet, as they are now, at most `BATCH`, the oldest first; how many."""
    rows = tx.all(
        "SELECT job_id, created_at FROM transcripts WHERE searchable <> created_at ORDER BY created_at LIMIT :most "  # noqa: S608 - our own words
        f"{tx.skip_locked}",
        most=BATCH,
    )
    for row in rows:
        job_id = JobId(row["job_id"])
        transcript = transcripts.get(tx, job_id)
        if transcript is not None:
            passages.put(tx, job_id, transcript, made_at=moment(row["created_at"]))
        tx.run("UPDATE transcripts SET searchable = created_at WHERE job_id = :job_id", job_id=job_id)
    return len(rows)
