"""What can be corrected: a posted transcript with its corrections, and its passages by their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from handlers import words
from handlers.correcting_modal import MOST_LISTED, SHOWN
from handlers.events import Interaction, Pressed
from handlers.responses import Declined, is_theirs, job_under, still_in_work
from storage import corrections, jobs, namings, transcripts
from storage.corrections import Correction
from storage.database import Transaction
from storage.job import Job, JobId, JobState
from storage.ngrams import folded, needle
from transcription.correcting import TurnPart, turn_parts
from transcription.naming import named, time_mark
from transcription.transcript import Transcript


@dataclass(frozen=True, kw_only=True, slots=True)
class Correctable:
    """A job with its transcript under the names of its speakers, made at `made_at`, and its newest corrections.

    `newest`: the one that can be taken back. `versions`: of the turns, as they are here; 0 where there is none.
    """

    job: Job
    transcript: Transcript
    made_at: datetime
    history: Sequence[Correction]
    newest: Correction | None
    versions: Mapping[int, int]


def correctable_under(tx: Transaction, pressed: Pressed) -> Correctable:
    """Return what is in the message with the menu. Raises `Declined`."""
    job = job_under(tx, pressed)
    found = _of(tx, job, pressed)
    if found is None:
        raise still_in_work(job) if job.state.is_open else Declined(words.NOTHING_TO_CORRECT)
    return found


def correctable(tx: Transaction, job_id: str, payload: Interaction) -> Correctable | None:
    """Return what a form is about; None where there is nothing (any more), or not for people of this workspace."""
    job = jobs.get(tx, JobId(job_id))
    return _of(tx, job, payload) if job else None


def _of(tx: Transaction, job: Job, payload: Interaction) -> Correctable | None:
    if job.state is not JobState.REPLIED or job.failure or not is_theirs(tx, job, payload):
        return None
    transcript, made_at = transcripts.get(tx, job.id), corrections.made_at(tx, job.id)
    if transcript is None or made_at is None or not transcript.turns:
        return None
    naming = namings.newest(tx, job.id)
    return Correctable(
        job=job,
        transcript=named(transcript, naming.names if naming else {}),
        made_at=made_at,
        history=corrections.history(tx, job.id, limit=SHOWN),
        newest=corrections.newest(tx, job.id),
        versions=corrections.versions(tx, job.id),
    )


def passages_with(terms: Sequence[str], transcript: Transcript) -> list[TurnPart]:
    """Return the parts that have all terms (`ngrams.terms`), one more at most than can be listed.

    When a part begins and who speaks counts as its words.
    """
    needles = [needle(term) for term in terms]
    return list(islice((part for part in turn_parts(transcript) if _has(part, needles)), MOST_LISTED + 1))


def _has(part: TurnPart, needles: Sequence[str]) -> bool:
    text = folded(f"{time_mark(part.start)} {part.speaker} {part.text}")
    return all(each in text for each in needles)
