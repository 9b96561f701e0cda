"""Transcripts as text in the database; what goes in comes out equal, to the millisecond."""

from __future__ import annotations

from datetime import datetime

from pydantic import TypeAdapter

from storage.database import Transaction
from storage.job import JobId
from storage.moments import stored
from transcription.transcript import Transcript

_BODY = TypeAdapter(Transcript)


def put(tx: Transaction, job_id: JobId, transcript: Transcript, *, now: datetime) -> None:
    """Keep the job's transcript; a second one replaces the first."""
    tx.run(
        "INSERT INTO transcripts (job_id, body, created_at) VALUES (:job_id, :body, :now) "
        "ON CONFLICT (job_id) DO UPDATE SET body = excluded.body, created_at = excluded.created_at",
        job_id=job_id,
        body=_BODY.dump_json(transcript).decode(),
        now=stored(now),
    )


def get(tx: Transaction, job_id: JobId) -> Transcript | None:
    """The job's transcript."""
    row = tx.one("SELECT body FROM transcripts WHERE job_id = :job_id", job_id=job_id)
    return _BODY.validate_json(row["body"]) if row else None
