"""The search index of transcripts: one passage for each turn, written together with the transcript.

The schema deletes passages with their transcript (a foreign key, and in SQLite triggers for the index), so that every
way to delete a transcript works, also that of the previous release. See docs/decisions/0015.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from storage.database import SqlValue, Transaction
from storage.job import JobId
from storage.ngrams import folded, grams
from storage.timestamps import stored
from transcription.transcript import Transcript

LONGEST = 2000
"""Characters of a passage. A longer turn is split, because PostgreSQL limits the size of an index entry."""

OVERLAP = 200
"""Characters that consecutive passages share, so that a search term is whole in one of them."""

_MILLISECOND = 1 << 20
"""Passage ids per millisecond of transcript creation time."""

_PAGES = 100
"""Index pages that one merge step rewrites."""

_SMALL = 2500
"""Pages of an index that costs little to rewrite: about 10 MB, in 25 steps."""

_ROWS = 50
"""Passages per INSERT statement."""


PORTION = 25_000
"""Characters that are indexed in one transaction: some hundredths of a second, for which others wait to write."""

_EACH = 50
"""As how many characters a turn counts besides its text."""

EVERYWHERE = ""
"""Instead of a conversation id: all conversations of the workspace."""


def gram_of(*, team: str, channel: str) -> str:
    """Return a gram that all passages of a conversation have. It is a hash in hex, which every index accepts."""
    return hashlib.blake2s(f"{team} {channel}".encode(errors="replace"), digest_size=8).hexdigest()


def put(
    tx: Transaction,
    job_id: JobId,
    transcript: Transcript,
    *,
    made_at: datetime,
    begin: int = 0,
    most: int | None = None,
) -> int:
    """Index the turns of a job's transcript from `begin` on, of about `most` characters. Return where it ended.

    At the first turn, the passages of an earlier transcript are deleted.
    """
    if begin == 0:
        tx.run("DELETE FROM passages WHERE job_id = :job_id", job_id=job_id)
    end = _end(transcript, begin, most=most)
    said = [(turn, text) for turn in range(begin, end) for text in _parts(folded(transcript.turns[turn].text))]
    return end if _index(tx, job_id, said, made_at=made_at) else len(transcript.turns)


def _index(tx: Transaction, job_id: JobId, said: Sequence[tuple[int, str]], *, made_at: datetime) -> bool:
    """Write passages, each given by its turn and its folded text. Return False where there is no such job."""
    job = tx.one("SELECT team, channel FROM jobs WHERE id = :job_id", job_id=job_id)
    if job is None:
        return False
    where = [gram_of(team=job["team"], channel=each) for each in (job["channel"], EVERYWHERE)]
    first = _free(tx, made_at)
    rows: list[tuple[SqlValue, ...]] = [
        (first + number, job_id, turn, text, " ".join([*where, *grams(text)]))
        for number, (turn, text) in enumerate(said)
    ]
    for start in range(0, len(rows), _ROWS):
        _insert(tx, rows[start : start + _ROWS])
    return True


def replace_turn(tx: Transaction, job_id: JobId, *, turn: int, text: str, made_at: datetime) -> None:
    """Index the new words of one turn, if it is in the index: one that is not yet, or not any more, stays out of it."""
    if not tx.run("DELETE FROM passages WHERE job_id = :job_id AND turn = :turn", job_id=job_id, turn=turn):
        return
    _index(tx, job_id, [(turn, part) for part in _parts(folded(text))], made_at=made_at)


def _end(transcript: Transcript, begin: int, *, most: int | None) -> int:
    """Return where a portion ends that begins with this turn: behind a whole turn, at least one."""
    if most is None:
        return len(transcript.turns)
    end, left = begin, most
    while end < len(transcript.turns) and left > 0:
        left -= len(transcript.turns[end].text) + _EACH
        end += 1
    return end


def _parts(text: str) -> Iterator[str]:
    for start in range(0, max(len(text) - OVERLAP, 1), LONGEST - OVERLAP):
        yield text[start : start + LONGEST]


def _free(tx: Transaction, made_at: datetime) -> int:
    """Return the first free id for a transcript of this time. Only SQLite needs unique ids, and it has one writer."""
    low = stored(made_at) * _MILLISECOND
    row = tx.one(
        "SELECT max(id) AS last FROM passages WHERE id >= :low AND id < :high", low=low, high=low + _MILLISECOND
    )
    return low if row is None or row["last"] is None else int(row["last"]) + 1


def _insert(tx: Transaction, rows: Sequence[tuple[SqlValue, ...]]) -> None:
    names = [[f"{column}{number}" for column in ("id", "job", "turn", "text", "grams")] for number in range(len(rows))]
    places = ", ".join(f"({', '.join(f':{name}' for name in row)})" for row in names)
    values = {name: value for each, row in zip(names, rows, strict=True) for name, value in zip(each, row, strict=True)}
    tx.run(f"INSERT INTO passages (id, job_id, turn, text, grams) VALUES {places}", **values)  # noqa: S608 - our own names


def left(tx: Transaction) -> int:
    """Return the newest id of deleted passages that are still in the index; 0 if there are none."""
    row = tx.one("SELECT max(id) AS newest FROM passages_left") if tx.dialect.merge_index else None
    return int(row["newest"] or 0) if row else 0


def is_small(tx: Transaction) -> bool:
    """Return whether the whole index can be rewritten at any time: at most `_SMALL` pages. For SQLite only."""
    row = tx.one("SELECT count(*) AS n FROM (SELECT 1 FROM passages_index_data LIMIT :most)", most=_SMALL + 1)
    return row is not None and int(row["n"]) <= _SMALL


def merge(tx: Transaction, *, upto: int, first: bool) -> bool:
    """Rewrite a part of the index to erase deleted passages. Return False when all up to `upto` are erased.

    `upto` is what `left` returned. `first` starts a new merge. Source: https://www.sqlite.org/fts5.html#the_merge_command
    """
    before = _changes(tx)
    tx.run(tx.dialect.merge_index or "", pages=-_PAGES if first else _PAGES)
    if _changes(tx) - before > 1:
        return True
    tx.run("DELETE FROM passages_left WHERE id <= :upto", upto=upto)
    return False


def _changes(tx: Transaction) -> int:
    row = tx.one("SELECT total_changes() AS n")
    return int(row["n"]) if row else 0
