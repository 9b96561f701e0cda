"""Installations of the app with their encrypted tokens. This module never has the key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from storage.database import Row, Transaction
from storage.timestamps import moment, stored

Encrypted = NewType("Encrypted", str)
"""An encrypted token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """One installation. `place` is the workspace id, or the enterprise id of an enterprise install.

    `scopes`: None where Slack did not tell them. `expires_at`: None for a token without expiry (no token rotation).
    """

    place: str
    enterprise: str | None = None
    url: str
    bot_user: str
    bot_id: str | None = None
    scopes: frozenset[str] | None
    token: Encrypted = field(repr=False)
    refresh_token: Encrypted | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    installed_by: str
    installed_at: datetime

    @property
    def is_enterprise_install(self) -> bool:
        """Return whether it is an enterprise install."""
        return self.place == self.enterprise


def put(tx: Transaction, installed: Installed) -> None:
    """Store an installation; replaces the existing one of the place."""
    tx.run(
        """
        INSERT INTO installations (place, enterprise, url, bot_user, bot_id, scopes, token, refresh_token, expires_at,
                                   exchange, exchange_until, installed_by, installed_at)
        VALUES (:place, :enterprise, :url, :bot_user, :bot_id, :scopes, :token, :refresh_token, :expires_at,
                NULL, NULL, :by, :at)
        ON CONFLICT (place) DO UPDATE SET
            enterprise = excluded.enterprise, url = excluded.url, bot_user = excluded.bot_user,
            bot_id = excluded.bot_id, scopes = excluded.scopes, token = excluded.token,
            refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, exchange = NULL,
            exchange_until = NULL, installed_by = excluded.installed_by, installed_at = excluded.installed_at
        """,
        place=installed.place,
        enterprise=installed.enterprise,
        url=installed.url,
        bot_user=installed.bot_user,
        bot_id=installed.bot_id,
        scopes=",".join(sorted(installed.scopes or ())),
        token=installed.token,
        refresh_token=installed.refresh_token,
        expires_at=stored(installed.expires_at),
        by=installed.installed_by,
        at=stored(installed.installed_at),
    )


def at(tx: Transaction, place: str) -> Installed | None:
    """Return the installation of a place; None without one."""
    row = tx.one("SELECT * FROM installations WHERE place = :place", place=place)
    return _installed(row) if row else None


def opening(tx: Transaction, *, team: str, enterprise: str | None) -> Installed | None:
    """Return the installation to use for a workspace: its own, or that of its enterprise; None without one."""
    found = at(tx, team) if team else None
    return found or (at(tx, enterprise) if enterprise else None)


def that_open(tx: Transaction, place: str) -> list[Installed]:
    """Return the installations for a place: its own, and those of enterprises that the workspace was in.

    The enterprises are taken from the workspace's jobs and settings.
    """
    rows = tx.all(
        "SELECT * FROM installations WHERE place = :place OR place IN "
        "(SELECT enterprise FROM jobs WHERE team = :place "
        "UNION SELECT enterprise FROM preferences WHERE team = :place)",
        place=place,
    )
    return [_installed(row) for row in rows]


def everywhere(tx: Transaction) -> list[Installed]:
    """Return all installations in order of installation."""
    return [_installed(row) for row in tx.all("SELECT * FROM installations ORDER BY installed_at, place")]


def remove(tx: Transaction, place: str, *, before: datetime) -> bool:
    """Delete the installation of a place if it is older than `before`. Return whether it was deleted."""
    return bool(
        tx.run(
            "DELETE FROM installations WHERE place = :place AND installed_at < :before",
            place=place,
            before=stored(before),
        )
    )


def begin_rotation(tx: Transaction, seen: Installed, *, by: str, now: datetime, until: datetime) -> bool:
    """Lock the token rotation for `by` until then. Return False if another process holds the lock or has rotated."""
    return bool(
        tx.run(
            "UPDATE installations SET exchange = :by, exchange_until = :until WHERE place = :place "
            "AND token = :seen AND (exchange IS NULL OR exchange_until <= :now)",
            place=seen.place,
            seen=seen.token,
            by=by,
            now=stored(now),
            until=stored(until),
        )
    )


def complete_rotation(
    tx: Transaction, seen: Installed, *, token: Encrypted, refresh_token: Encrypted, expires_at: datetime
) -> bool:
    """Store the new tokens of a rotation. Return False if the token was replaced meanwhile."""
    return bool(
        tx.run(
            "UPDATE installations SET token = :token, refresh_token = :refresh, expires_at = :expires, "
            "exchange = NULL, exchange_until = NULL WHERE place = :place AND token = :seen",
            place=seen.place,
            seen=seen.token,
            token=token,
            refresh=refresh_token,
            expires=stored(expires_at),
        )
    )


def postpone_rotation(tx: Transaction, place: str, *, by: str, until: datetime) -> None:
    """Block further rotations until then, after one failed."""
    tx.run(
        "UPDATE installations SET exchange_until = :until WHERE place = :place AND exchange = :by",
        place=place,
        by=by,
        until=stored(until),
    )


def void_rotations(tx: Transaction) -> None:
    """Drop all rotation locks. For a process that just started and is the only one."""
    tx.run("UPDATE installations SET exchange = NULL, exchange_until = NULL WHERE exchange IS NOT NULL")


def reencrypt(
    tx: Transaction, seen: Installed, *, token: Encrypted, refresh_token: Encrypted | None, now: datetime
) -> None:
    """Store the same tokens encrypted with another key, unless they were rotated meanwhile or a rotation is running."""
    tx.run(
        "UPDATE installations SET token = :token, refresh_token = :refresh WHERE place = :place AND token = :seen "
        "AND (exchange IS NULL OR exchange_until <= :now)",
        place=seen.place,
        seen=seen.token,
        now=stored(now),
        token=token,
        refresh=refresh_token,
    )


def _installed(row: Row) -> Installed:
    return Installed(
        place=row["place"],
        enterprise=row["enterprise"],
        url=row["url"],
        bot_user=row["bot_user"],
        bot_id=row["bot_id"],
        scopes=frozenset(scope for scope in row["scopes"].split(",") if scope) or None,  # nobody installs it without
        token=Encrypted(row["token"]),
        refresh_token=Encrypted(row["refresh_token"]) if row["refresh_token"] is not None else None,
        expires_at=moment(row["expires_at"]) if row["expires_at"] is not None else None,
        installed_by=row["installed_by"],
        installed_at=moment(row["installed_at"]),
    )
