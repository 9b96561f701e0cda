"""Where the app is installed, and the tokens that open these places: sealed, and nothing here can open them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from storage.database import Row, Transaction
from storage.timestamps import moment, stored

Encrypted = NewType("Encrypted", str)
"""A token as only the holder of the key can read it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """One installation; `place` is the team's id, or that of the organisation that has it in all of its teams.

    `expires_at`: None for a token that lasts.
    """

    place: str
    enterprise: str | None = None
    url: str
    bot_user: str
    bot_id: str | None = None
    scopes: frozenset[str]
    token: Encrypted = field(repr=False)
    refresh_token: Encrypted | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    installed_by: str
    installed_at: datetime

    @property
    def is_enterprise_install(self) -> bool:
        """Whether it is in all of an organisation."""
        return self.place == self.enterprise


def put(tx: Transaction, installed: Installed) -> None:
    """Keep an installation in place of the one that was there."""
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
        scopes=",".join(sorted(installed.scopes)),
        token=installed.token,
        refresh_token=installed.refresh_token,
        expires_at=stored(installed.expires_at),
        by=installed.installed_by,
        at=stored(installed.installed_at),
    )


def at(tx: Transaction, place: str) -> Installed | None:
    """The installation at a place."""
    row = tx.one("SELECT * FROM installations WHERE place = :place", place=place)
    return _installed(row) if row else None


def opening(tx: Transaction, *, team: str, enterprise: str | None) -> Installed | None:
    """What opens a team: its own installation, or that of its organisation."""
    found = at(tx, team) if team else None
    return found or (at(tx, enterprise) if enterprise else None)


def that_open(tx: Transaction, place: str) -> list[Installed]:
    """What is installed at a place; of a team also at organisations that it was in when something was shared or set."""
    rows = tx.all(
        "SELECT * FROM installations WHERE place = :place OR place IN "
        "(SELECT enterprise FROM jobs WHERE team = :place "
        "UNION SELECT enterprise FROM preferences WHERE team = :place)",
        place=place,
    )
    return [_installed(row) for row in rows]


def everywhere(tx: Transaction) -> list[Installed]:
    """All of them, in the order in which they came."""
    return [_installed(row) for row in tx.all("SELECT * FROM installations ORDER BY installed_at, place")]


def remove(tx: Transaction, place: str, *, before: datetime) -> bool:
    """Forget what was installed at a place before that moment; False where there is nothing, or something newer."""
    return bool(
        tx.run(
            "DELETE FROM installations WHERE place = :place AND installed_at < :before",
            place=place,
            before=stored(before),
        )
    )


def begin_rotation(tx: Transaction, seen: Installed, *, by: str, now: datetime, until: datetime) -> bool:
    """Let `by` alone rotate the token that they saw, until then; False where it is another's turn, or done."""
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
    """Keep what the token that was seen was exchanged for; False where there is another one by now."""
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
    """Let nobody rotate the token before that moment: it did not work."""
    tx.run(
        "UPDATE installations SET exchange_until = :until WHERE place = :place AND exchange = :by",
        place=place,
        by=by,
        until=stored(until),
    )


def void_rotations(tx: Transaction) -> None:
    """No rotation is under way: for a process that begins, and is the only one."""
    tx.run("UPDATE installations SET exchange = NULL, exchange_until = NULL WHERE exchange IS NOT NULL")


def reencrypt(
    tx: Transaction, seen: Installed, *, token: Encrypted, refresh_token: Encrypted | None, now: datetime
) -> None:
    """Keep the same tokens, sealed with another key, unless they were exchanged meanwhile, or somebody is at it."""
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
        scopes=frozenset(scope for scope in row["scopes"].split(",") if scope),
        token=Encrypted(row["token"]),
        refresh_token=Encrypted(row["refresh_token"]) if row["refresh_token"] is not None else None,
        expires_at=moment(row["expires_at"]) if row["expires_at"] is not None else None,
        installed_by=row["installed_by"],
        installed_at=moment(row["installed_at"]),
    )
