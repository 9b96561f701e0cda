"""Whether a job's transcript is the first of its conversation, which says where the audio goes.

What each reply says is in its intent (`jobs.reply_intent`): JSON, whose key here is `TELLS_PLACE`.
"""

from __future__ import annotations

from storage.database import Transaction
from storage.job import Job

TELLS_PLACE = "tells_place"
"""The key that is true in the intent of a reply that says it, and false in others. Older releases wrote none."""


def is_first(tx: Transaction, job: Job) -> bool:
    """Return whether the job has words to show, and no other transcript of its conversation says where audio goes.

    A reply that is on its way counts as one that stands; a failure does not, nor what was deleted or found no words.
    Where only older releases have posted, their transcripts count: the conversation is not new.
    """
    other = tx.one(
        "SELECT 1 AS found FROM jobs WHERE team = :team AND channel = :channel AND id <> :id AND forgotten = 0 "
        "AND state <> 'abandoned' AND "
        "((reply_intent LIKE :told AND (failure_reason IS NULL OR shown_as IS NOT NULL)) OR "
        "(((state = 'replied' AND failure_reason IS NULL) OR shown_as IS NOT NULL) "
        "AND coalesce(reply_intent, '') NOT LIKE :known)) ORDER BY created_at LIMIT 1",
        team=job.origin.team,
        channel=job.origin.channel,
        id=job.id,
        told=f'%"{TELLS_PLACE}": true%',
        known=f'%"{TELLS_PLACE}"%',
    )
    return other is None and _has_words(tx, job)


def is_still_first(tx: Transaction, job: Job) -> bool:
    """Return the same, and keep every other process from being told so of a job there until this transaction ends.

    False where another process is just deciding it: nobody waits, and the next transcript says it if none does.
    """
    return tx.try_lock(f"{TELLS_PLACE} {job.origin.team} {job.origin.channel}") and is_first(tx, job)


def _has_words(tx: Transaction, job: Job) -> bool:
    row = tx.one(
        "SELECT 1 AS found FROM transcripts WHERE job_id = :id AND body NOT LIKE :empty",
        id=job.id,
        empty='%"turns":[]%',
    )
    return row is not None
