"""The inbox: raw webhook bodies, stored before the provider gets its response."""

from __future__ import annotations

import hashlib
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import stored

EARLIER = 10
"""Older bodies of one handle that are read besides the newest."""


def keep(tx: Transaction, *, provider: str, handle: str, body: bytes, now: datetime) -> bool:
    """Store a body. Return False if the same body was stored before."""
    touched = tx.run(
        "INSERT INTO inbox (provider, digest, handle, body, received_at) "
        "VALUES (:provider, :digest, :handle, :body, :now) ON CONFLICT DO NOTHING",
        provider=provider,
        digest=hashlib.sha256(body).hexdigest(),
        handle=handle,
        body=body,
        now=stored(now),
    )
    return touched > 0


def newest(tx: Transaction, *, provider: str, handle: str) -> bytes | None:
    """Return the newest body of this handle, read or not; None without one."""
    row = tx.one(
        "SELECT body FROM inbox WHERE provider = :provider AND handle = :handle "
        "ORDER BY received_at DESC, digest LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return bytes(row["body"]) if row else None


def earlier(tx: Transaction, *, provider: str, handle: str) -> tuple[bytes, ...]:
    """Return the oldest bodies of this handle, oldest first, at most `EARLIER`.

    The newest body is left out if there are fewer than `EARLIER`.
    """
    rows = tx.all(
        "SELECT body FROM inbox WHERE provider = :provider AND handle = :handle "
        "ORDER BY received_at, digest DESC LIMIT :most",
        provider=provider,
        handle=handle,
        most=EARLIER,
    )
    bodies = tuple(bytes(row["body"]) for row in rows)
    return bodies if len(bodies) == EARLIER else bodies[:-1]


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


def orphans(tx: Transaction, *, provider: str, since: datetime) -> list[bytes]:
    """Return the newest bodies since then that belong to no known job, at most 50."""
    rows = tx.all(
        "SELECT body FROM inbox WHERE provider = :provider AND received_at >= :since AND NOT EXISTS "
        "(SELECT 1 FROM jobs WHERE jobs.provider = inbox.provider AND jobs.handle = inbox.handle) "
        "ORDER BY received_at DESC LIMIT 50",
        provider=provider,
        since=stored(since),
    )
    return [bytes(row["body"]) for row in rows]


def forget(tx: Transaction, *, provider: str, handle: str) -> None:
    """Delete the bodies of this handle."""
    tx.run("DELETE FROM inbox WHERE provider = :provider AND handle = :handle", provider=provider, handle=handle)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Delete bodies received before then that belong to no submitted job. Return how many."""
    return tx.run(
        "DELETE FROM inbox WHERE received_at < :before AND NOT EXISTS (SELECT 1 FROM jobs WHERE "
        "jobs.provider = inbox.provider AND jobs.handle = inbox.handle AND jobs.state = 'submitted')",
        before=stored(before),
    )
