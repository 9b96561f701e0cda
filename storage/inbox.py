"""The inbox: raw webhook bodies, stored before the provider gets its response.

Of a body that is larger than anything about its recording can be, only the beginning is kept (`EVIDENCE` bytes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

from storage.database import Row, Transaction
from storage.timestamps import stored
from transcription.errors import EVIDENCE

EARLIER = 10
"""Older bodies of one handle that are read besides the newest."""


UNCLAIMED = 64 * 2**20
"""Bytes of unclaimed bodies that are read at once."""

_PURGED = 20  # bodies, each of which may have megabytes, that one transaction deletes
_ANY = 2**40


def digest_of(body: bytes) -> str:
    """Return what tells the body from others. For some megabytes it takes longer than a transaction should."""
    return hashlib.sha256(body).hexdigest()


def keep(
    tx: Transaction,
    *,
    provider: str,
    handle: str,
    body: bytes,
    now: datetime,
    digest: str | None = None,
    most: int | None = None,
) -> bool:
    """Store a body, of one with more than `most` bytes only the beginning. Return False if it was stored before."""
    is_beyond = most is not None and len(body) > most
    touched = tx.run(
        "INSERT INTO inbox (provider, digest, handle, body, received_at, cut_from) "
        "VALUES (:provider, :digest, :handle, :body, :now, :cut_from) ON CONFLICT DO NOTHING",
        provider=provider,
        digest=digest or digest_of(body),
        handle=handle,
        body=body[:EVIDENCE] if is_beyond else body,
        now=stored(now),
        cut_from=len(body) if is_beyond else None,
    )
    return touched > 0


def newest(tx: Transaction, *, provider: str, handle: str) -> bytes | None:
    """Return the newest whole body of this handle, read or not; None without one."""
    row = tx.one(
        "SELECT body FROM inbox WHERE provider = :provider AND handle = :handle AND cut_from IS NULL "
        "ORDER BY received_at DESC, digest LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return bytes(row["body"]) if row else None


def earlier(tx: Transaction, *, provider: str, handle: str, most: int | None = None) -> tuple[bytes, ...]:
    """Return the oldest whole bodies of this handle, oldest first, at most `EARLIER`, together at most `most` bytes.

    The newest body is left out if there are fewer than `EARLIER`.
    """
    rows = tx.all(
        "SELECT digest, length(body) AS size FROM inbox "
        "WHERE provider = :provider AND handle = :handle AND cut_from IS NULL "
        "ORDER BY received_at, digest DESC LIMIT :most",
        provider=provider,
        handle=handle,
        most=EARLIER,
    )
    older = rows if len(rows) == EARLIER else rows[:-1]
    sums = accumulate(int(row["size"]) for row in older)
    return _bodies(tx, [row for row, size in zip(older, sums, strict=True) if most is None or size <= most], provider)


def _bodies(tx: Transaction, rows: Iterable[Row], provider: str) -> tuple[bytes, ...]:
    found = list[bytes]()
    for row in rows:
        body = tx.one(
            "SELECT body FROM inbox WHERE provider = :provider AND digest = :digest",
            provider=provider,
            digest=row["digest"],
        )
        found += [bytes(body["body"])] if body else []
    return tuple(found)


def cut(tx: Transaction, *, provider: str, handle: str, most: int) -> int:
    """Keep only the beginning of the bodies of this handle that have more than `most` bytes. Return how many.

    A body can come before the job that it is about is known, and with it how large it can be.
    """
    return tx.run(
        "UPDATE inbox SET cut_from = length(body), body = substr(body, 1, :kept) "
        "WHERE provider = :provider AND handle = :handle AND cut_from IS NULL AND length(body) > :most",
        provider=provider,
        handle=handle,
        most=most,
        kept=EVIDENCE,
    )


def has_cut(tx: Transaction, *, provider: str, handle: str) -> bool:
    """Return whether there is a body of this handle of which only the beginning was kept."""
    row = tx.one(
        "SELECT 1 AS found FROM inbox WHERE provider = :provider AND handle = :handle AND cut_from IS NOT NULL LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return row is not None


def has_unread(tx: Transaction, *, provider: str, handle: str) -> bool:
    """Return whether there is an unread body of this handle."""
    row = tx.one(
        "SELECT 1 AS found FROM inbox WHERE provider = :provider AND handle = :handle AND read_at IS NULL LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return row is not None


def mark_read(tx: Transaction, *, provider: str, handle: str, now: datetime) -> None:
    """Mark all bodies of this handle as read."""
    tx.run(
        "UPDATE inbox SET read_at = :now WHERE provider = :provider AND handle = :handle AND read_at IS NULL",
        provider=provider,
        handle=handle,
        now=stored(now),
    )


def orphans(tx: Transaction, *, provider: str, since: datetime, most: int | None = None) -> list[bytes]:
    """Return the newest whole bodies since then that belong to no known job, of at most `most` bytes each.

    There are at most 50, with `UNCLAIMED` bytes in total.
    """
    rows = tx.all(
        "SELECT digest, length(body) AS size FROM inbox "
        "WHERE provider = :provider AND received_at >= :since AND cut_from IS NULL "
        "AND length(body) <= :most AND NOT EXISTS "
        "(SELECT 1 FROM jobs WHERE jobs.provider = inbox.provider AND jobs.handle = inbox.handle) "
        "ORDER BY received_at DESC LIMIT 50",
        provider=provider,
        since=stored(since),
        most=_ANY if most is None else most,
    )
    chosen, left = list[Row](), UNCLAIMED
    for row in rows:
        if row["size"] <= left:
            chosen.append(row)
            left -= row["size"]
    return list(_bodies(tx, chosen, provider))


def forget(tx: Transaction, *, provider: str, handle: str) -> None:
    """Delete the bodies of this handle."""
    tx.run("DELETE FROM inbox WHERE provider = :provider AND handle = :handle", provider=provider, handle=handle)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Delete bodies received before then that belong to no submitted job, at most `_PURGED`. Return how many."""
    old = (
        "received_at < :before AND NOT EXISTS (SELECT 1 FROM jobs WHERE "
        "jobs.provider = inbox.provider AND jobs.handle = inbox.handle AND jobs.state = 'submitted')"
    )
    # Checked again where the row is deleted: meanwhile a job may have been submitted.
    return tx.run(
        f"DELETE FROM inbox WHERE {old} AND (provider, digest) IN "  # noqa: S608 - our own words
        f"(SELECT provider, digest FROM inbox WHERE {old} LIMIT :most)",
        before=stored(before),
        most=_PURGED,
    )
