"""Webhooks as they came: the raw body is kept before anybody is told that it arrived."""

from __future__ import annotations

import hashlib
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import stored

EARLIER = 10
"""Bodies about one handle that are looked at beside the newest."""


def keep(tx: Transaction, *, provider: str, handle: str, body: bytes, now: datetime) -> bool:
    """Keep a body; False when the same one was kept before."""
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
    """The newest body about this handle, seen or not."""
    row = tx.one(
        "SELECT body FROM inbox WHERE provider = :provider AND handle = :handle "
        "ORDER BY received_at DESC, digest LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return bytes(row["body"]) if row else None


def earlier(tx: Transaction, *, provider: str, handle: str) -> tuple[bytes, ...]:
    """The oldest bodies about this handle, the oldest first; without the newest, unless there are many."""
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
    """Whether a body about this handle waits to be seen by a check."""
    row = tx.one(
        "SELECT 1 AS found FROM inbox WHERE provider = :provider AND handle = :handle AND read_at IS NULL LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return row is not None


def mark_read(tx: Transaction, *, provider: str, handle: str, now: datetime) -> None:
    """Note that a check sees every body about this handle that is there now."""
    tx.run(
        "UPDATE inbox SET read_at = :now WHERE provider = :provider AND handle = :handle AND read_at IS NULL",
        provider=provider,
        handle=handle,
        now=stored(now),
    )


def orphans(tx: Transaction, *, provider: str, since: datetime) -> list[bytes]:
    """The newest bodies since then that belong to no job we know."""
    rows = tx.all(
        "SELECT body FROM inbox WHERE provider = :provider AND received_at >= :since AND NOT EXISTS "
        "(SELECT 1 FROM jobs WHERE jobs.provider = inbox.provider AND jobs.handle = inbox.handle) "
        "ORDER BY received_at DESC LIMIT 50",
        provider=provider,
        since=stored(since),
    )
    return [bytes(row["body"]) for row in rows]


def forget(tx: Transaction, *, provider: str, handle: str) -> None:
    """Drop the bodies of a job that has its transcript."""
    tx.run("DELETE FROM inbox WHERE provider = :provider AND handle = :handle", provider=provider, handle=handle)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Drop what came before that moment and belongs to no open job."""
    return tx.run(
        "DELETE FROM inbox WHERE received_at < :before AND NOT EXISTS (SELECT 1 FROM jobs WHERE "
        "jobs.provider = inbox.provider AND jobs.handle = inbox.handle AND jobs.state = 'submitted')",
        before=stored(before),
    )
