"""Store transcripts as JSON. All but their provider report is stored, with times to the millisecond."""

from __future__ import annotations

from datetime import datetime

from pydantic import TypeAdapter

from storage import passages
from storage.database import Transaction
from storage.job import JobId
from storage.timestamps import stored
from transcription.transcript import Transcript

BODY = TypeAdapter(Transcript)


def put(tx: Transaction, job_id: JobId, transcript: Transcript, *, now: datetime) -> None:
    """Store and index the transcript of a job; replaces an earlier one."""
    tx.run(
        "INSERT INTO transcripts (job_id, body, created_at, searchable) VALUES (:job_id, :body, :now, :now) "
        "ON CONFLICT (job_id) DO UPDATE "
        "SET body = excluded.body, created_at = excluded.created_at, searchable = excluded.searchable",
        job_id=job_id,
        body=BODY.dump_json(transcript, exclude={"report"}).decode(),
        now=stored(now),
    )
    passages.put(tx, job_id, transcript, made_at=now)


def get(tx: Transaction, job_id: JobId) -> Transcript | None:
    """Return the transcript of a job; None without one."""
    row = tx.one("SELECT body FROM transcripts WHERE job_id = :job_id", job_id=job_id)
    return BODY.validate_json(row["body"]) if row else None
