"""Store transcripts as JSON. All but their provider report is stored, with times to the millisecond.

A short transcript is indexed for the search at once, a long one in portions (`storage.search.index`): nobody waits long
to write.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from storage import passages
from storage.database import Transaction
from storage.job import JobId
from storage.timestamps import stored
from transcription.transcript import Transcript, Turn

BODY = TypeAdapter(Transcript)
_TURNS = TypeAdapter(tuple[Turn, ...])
_PORTION = 500
"""Turns that are written at once."""


def put(tx: Transaction, job_id: JobId, transcript: Transcript, *, now: datetime) -> None:
    """Store the transcript of a job; replaces an earlier one. A short one is indexed, too."""
    tx.run(
        "INSERT INTO transcripts (job_id, body, created_at, searchable) VALUES (:job_id, :body, :now, 0) "
        "ON CONFLICT (job_id) DO UPDATE "
        "SET body = excluded.body, created_at = excluded.created_at, searchable = excluded.searchable",
        job_id=job_id,
        body=written(transcript),
        now=stored(now),
    )
    index_more(tx, job_id, transcript, made_at=now)


def index_more(tx: Transaction, job_id: JobId, transcript: Transcript, *, made_at: datetime) -> bool:
    """Index the next portion of a transcript that was stored at `made_at`. Return whether there is more to do.

    How far it has come is in the column `searchable`: of so many turns, below zero. Nothing of the transcript is found
    before all is indexed. A transcript that was replaced or deleted meanwhile is left alone.
    """
    row = tx.one(
        "SELECT searchable FROM transcripts "  # noqa: S608 - our own words
        f"WHERE job_id = :job_id AND created_at = :made_at AND searchable <> created_at {tx.skip_locked}",
        job_id=job_id,
        made_at=stored(made_at),
    )
    if row is None:
        return False
    begin = max(-int(row["searchable"]), 0)
    end = passages.put(tx, job_id, transcript, made_at=made_at, begin=begin, most=passages.PORTION)
    is_whole = end == len(transcript.turns)
    tx.run(
        "UPDATE transcripts SET searchable = :reached WHERE job_id = :job_id",
        reached=stored(made_at) if is_whole else -end,
        job_id=job_id,
    )
    return not is_whole


def written(transcript: Transcript) -> str:
    """Return the transcript as it is stored. Long ones are written in portions, between which others may act."""
    head = BODY.dump_json(replace(transcript, turns=()), exclude={"report"}).decode()
    parts = (
        _TURNS.dump_json(transcript.turns[start : start + _PORTION]).decode()[1:-1]
        for start in range(0, len(transcript.turns), _PORTION)
    )
    return head.replace('"turns":[]', f'"turns":[{",".join(parts)}]', 1)


def get(tx: Transaction, job_id: JobId) -> Transcript | None:
    """Return the transcript of a job; None without one."""
    body = text(tx, job_id)
    return None if body is None else BODY.validate_json(body)


def text(tx: Transaction, job_id: JobId) -> str | None:
    """Return the transcript of a job as it is stored, as JSON; None without one."""
    row = tx.one("SELECT body FROM transcripts WHERE job_id = :job_id", job_id=job_id)
    return str(row["body"]) if row else None


def is_kept(tx: Transaction, job_id: JobId) -> bool:
    """Return whether there is a transcript of the job."""
    return tx.one("SELECT 1 AS found FROM transcripts WHERE job_id = :job_id", job_id=job_id) is not None
