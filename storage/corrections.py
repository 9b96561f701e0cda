"""Words of a transcript corrected by people. Every version is kept; the stored transcript always has the newest words.

The rows are deleted with their transcript by the schema. Rows of an earlier transcript of the same job do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from storage import passages, transcripts
from storage.database import Row, Transaction
from storage.job import Job, JobId
from storage.timestamps import moment, stored
from transcription.bounds import most_characters
from transcription.correcting import WordChange, mended

MOST = 1_000
"""Versions of one transcript: all of them are kept."""

_CURRENT = "corrections.job_id = :job AND made_at = (SELECT created_at FROM transcripts WHERE job_id = :job)"
_IN_FORCE = (
    f"{_CURRENT} AND undoes IS NULL AND NOT EXISTS (SELECT 1 FROM corrections AS later "  # noqa: S608 - our own words
    "WHERE later.job_id = corrections.job_id AND later.undoes = corrections.version)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One version: what changed in a turn (an index).

    `name`: what the person was called then, "" where Slack did not say. `undoes`: the version that it takes back.
    """

    version: int
    turn: int
    change: WordChange
    by: str
    name: str
    at: datetime
    undoes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionDraft:
    """A correction that was worked out beside the database's writes: the new `body` of the transcript as it is stored.

    It holds for the transcript that was made at `made_at` and has `version` as its newest one. `text`: all the words of
    the turn.
    """

    made_at: datetime
    version: int
    body: str
    turn: int
    text: str
    change: WordChange
    undoes: int | None = None


class CorrectionOutdated(Exception):
    """Somebody else has corrected this turn meanwhile, or what was to be taken back is not the newest any more."""


class TooManyCorrections(Exception):
    """The transcript has as many versions, or as many words, as it can have."""


class NoWordsLeft(Exception):
    """Nothing would be left of the transcript, which then could not be corrected any more."""


def made_at(tx: Transaction, job_id: JobId) -> datetime | None:
    """Return when the transcript was made that is corrected; None without one."""
    row = tx.one("SELECT created_at FROM transcripts WHERE job_id = :job", job=job_id)
    return moment(row["created_at"]) if row else None


def history(tx: Transaction, job_id: JobId, *, limit: int) -> Sequence[Correction]:
    """Return the newest versions, the newest first."""
    rows = tx.all(
        f"SELECT * FROM corrections WHERE {_CURRENT} ORDER BY version DESC LIMIT :most",  # noqa: S608 - our own words
        job=job_id,
        most=limit,
    )
    return [_correction(row) for row in rows]


def newest(tx: Transaction, job_id: JobId) -> Correction | None:
    """Return the newest correction that is not taken back: the one that can be; None without one."""
    row = tx.one(f"SELECT * FROM corrections WHERE {_IN_FORCE} ORDER BY version DESC LIMIT 1", job=job_id)  # noqa: S608 - same
    return _correction(row) if row else None


def count(tx: Transaction, job_id: JobId) -> int:
    """Return how many corrections the transcript shows: without those that were taken back."""
    row = tx.one(f"SELECT count(*) AS n FROM corrections WHERE {_IN_FORCE}", job=job_id)  # noqa: S608 - same
    return int(row["n"]) if row else 0


def editors(tx: Transaction, job_id: JobId) -> list[str]:
    """Return the names of the people whose corrections the transcript shows, by their first one; "" for a nameless."""
    rows = tx.all(f"SELECT corrected_by, name FROM corrections WHERE {_IN_FORCE} ORDER BY version", job=job_id)  # noqa: S608 - same
    names: dict[str, str] = {}
    for row in rows:
        names[row["corrected_by"]] = row["name"] or names.get(row["corrected_by"], "")
    return list(names.values())


def versions(tx: Transaction, job_id: JobId) -> Mapping[int, int]:
    """Return the newest version of each turn that has been corrected, by its index."""
    rows = tx.all(
        f"SELECT turn, max(version) AS newest FROM corrections WHERE {_CURRENT} GROUP BY turn",  # noqa: S608 - same
        job=job_id,
    )
    return {int(row["turn"]): int(row["newest"]) for row in rows}


def shown_by(tx: Transaction, job_id: JobId) -> int:
    """Return the newest version of all, taken back or not: what a reply that is rendered now shows."""
    row = tx.one("SELECT corrections FROM jobs WHERE id = :job", job=job_id)
    return int(row["corrections"]) if row else 0


def draft(
    tx: Transaction, job: Job, change: WordChange, *, turn: int, seen: int, of: datetime
) -> CorrectionDraft | None:
    """Return the correction of a turn by a person who saw version `seen` of it, in the transcript made at `of`.

    A read: nothing is changed.

    None where the transcript is gone or another one. Raises `CorrectionOutdated`, `TooManyCorrections`, `NoWordsLeft`.
    """
    if versions(tx, job.id).get(turn, 0) != seen:
        raise CorrectionOutdated
    return _drafted(tx, job, change, turn=turn, of=of)


def draft_undo(tx: Transaction, job: Job, *, version: int, of: datetime) -> CorrectionDraft | None:
    """Return what takes the correction `version` back. Raises `CorrectionOutdated` unless it is the newest in force.

    None where the transcript is gone or another one.
    """
    last = newest(tx, job.id)
    if last is None or last.version != version:
        raise CorrectionOutdated
    back = WordChange(place=last.change.place, before=last.change.after, after=last.change.before)
    return _drafted(tx, job, back, turn=last.turn, of=of, undoes=version)


def _drafted(
    tx: Transaction, job: Job, change: WordChange, *, turn: int, of: datetime, undoes: int | None = None
) -> CorrectionDraft | None:
    transcript = transcripts.get(tx, job.id)
    if transcript is None or made_at(tx, job.id) != of:
        return None
    text = mended(transcript, turn, change)
    if text is None:
        raise CorrectionOutdated
    version, growth = shown_by(tx, job.id), len(change.after) - len(change.before)
    if undoes is None:  # what was there before fits
        length = sum(len(turn.text) for turn in transcript.turns)
        if version >= MOST or (growth > 0 and length + growth > most_characters(job.duration)):
            raise TooManyCorrections
    turns = list(transcript.turns)
    turns[turn] = replace(turns[turn], text=text)
    if not any(turn.text for turn in turns):
        raise NoWordsLeft
    body = transcripts.written(replace(transcript, turns=tuple(turns)))
    return CorrectionDraft(made_at=of, version=version, body=body, turn=turn, text=text, change=change, undoes=undoes)


def add(tx: Transaction, job: Job, drafted: CorrectionDraft, *, by: str, name: str, now: datetime) -> bool:
    """Store a drafted correction, and make the job due so that its reply is updated.

    Return False, and do nothing, where it does not hold any more: the transcript was corrected elsewhere, replaced or
    deleted meanwhile, or the job is not in its thread.
    """
    # The row of the job is locked first, as by a naming (`storage.namings.add`), and the transcript's second, as by
    # whoever indexes it.
    touched = tx.run(
        "UPDATE jobs SET corrections = corrections + 1, state_since = :now, attempts = 0, "
        "due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END "
        "WHERE id = :job AND corrections = :version AND state = 'replied' AND forgotten = 0 "
        "AND EXISTS (SELECT 1 FROM transcripts WHERE job_id = jobs.id AND created_at = :made_at)",
        job=job.id,
        version=drafted.version,
        made_at=stored(drafted.made_at),
        now=stored(now),
    )
    if not touched:
        return False
    kept = tx.run("UPDATE transcripts SET body = :body WHERE job_id = :job", body=drafted.body, job=job.id)
    if not kept:  # it was deleted at this moment: the worker finds nothing to show
        return False
    passages.replace_turn(tx, job.id, turn=drafted.turn, text=drafted.text, made_at=drafted.made_at)
    tx.run(
        "INSERT INTO corrections "
        "(job_id, version, made_at, turn, place, before, after, undoes, corrected_by, name, corrected_at) "
        "VALUES (:job, :version, :made_at, :turn, :place, :before, :after, :undoes, :by, :name, :now)",
        job=job.id,
        version=drafted.version + 1,
        made_at=stored(drafted.made_at),
        turn=drafted.turn,
        place=drafted.change.place,
        before=drafted.change.before,
        after=drafted.change.after,
        undoes=drafted.undoes,
        by=by,
        name=name,
        now=stored(now),
    )
    tx.announce()
    return True


def start_over(tx: Transaction, job_id: JobId) -> None:
    """Delete all corrections after a rerun: they are of the words that were replaced."""
    tx.run("DELETE FROM corrections WHERE job_id = :job", job=job_id)


def _correction(row: Row) -> Correction:
    return Correction(
        version=row["version"],
        turn=row["turn"],
        change=WordChange(place=row["place"], before=row["before"], after=row["after"]),
        by=row["corrected_by"],
        name=row["name"],
        at=moment(row["corrected_at"]),
        undoes=row["undoes"],
    )
