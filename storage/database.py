"""The database interface, implemented by `storage.sqlite` and `storage.postgresql`.

A unit of work is a plain function of a `Transaction`. `write` runs it in a transaction and returns when its effects are
durable. It may be run more than once, so it must not do anything but use its transaction. See docs/decisions/0002 and
0006.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

LONGEST_SEARCH = timedelta(seconds=2.5)
"""A longer search is ended: Slack waits three seconds for its answer."""

SqlValue = str | int | float | bytes | None

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


def keepable(values: Mapping[str, SqlValue]) -> dict[str, SqlValue]:
    """Return the values as every database can store them: NUL and lone surrogates in text become U+FFFD.

    Both occur in JSON from outside, for example in a file's title.
    """
    return {name: _keepable(value) if isinstance(value, str) else value for name, value in values.items()}


def _keepable(text: str) -> str:
    return text if text.isascii() and "\0" not in text else _UNKEEPABLE.sub("\ufffd", text)


class Row(Protocol):
    """A row, read by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...

    def keys(self) -> Any:
        """Return the column names."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlDialect:
    """SQL that differs between the databases: how passages are found by their grams.

    `passages_that_have` follows FROM and holds the first condition, on `:wanted`, a query made by `query`. `both` and
    `either` are its operators. `merge_index` rewrites `:pages` pages of the index to erase removed text; None where the
    server does so itself.
    """

    name: str
    passages_that_have: str
    both: str
    either: str
    merge_index: str | None = None

    def query(self, every: Iterable[str], one_of: Iterable[str] = ()) -> str:
        """Return a query for all grams in `every` and, if there are any, at least one of `one_of`."""
        others = f" {self.either} ".join(one_of)
        return f" {self.both} ".join([*every, *([f"({others})"] if others else [])])


class Transaction(Protocol):
    """A transaction as a unit of work uses it. SQL has named placeholders such as `:name`."""

    @property
    def dialect(self) -> SqlDialect:
        """Return the SQL dialect."""
        ...

    @property
    def skip_locked(self) -> str:
        """Return the end of a SELECT of rows to be changed, so that two workers do not wait for the same row."""
        ...

    def run(self, sql: str, /, **values: SqlValue) -> int:
        """Execute a statement and return the number of changed rows."""
        ...

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        """Return the first row; None for no rows."""
        ...

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        """Return all rows."""
        ...

    def announce(self) -> None:
        """Notify all workers on all machines after the commit that a job became due."""
        ...

    def be_alone(self) -> None:
        """Take a lock that only one transaction of all processes can hold, until the end of this transaction."""
        ...

    def try_lock(self, name: str, /) -> bool:
        """Take the lock of this name until the end of this transaction. Return False if another process has it."""
        ...


Work = Callable[[Transaction], T]


class Database(Protocol):
    """A database. `write` and `read` raise `StorageUnavailable` when it cannot be used now."""

    @property
    def is_shared(self) -> bool:
        """Return whether other machines may use it."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction. Its effects are durable on return, and undone if it raised."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent snapshot. Writers are not blocked."""
        ...

    async def search(self, work: Work[T]) -> T:
        """Run a long `work` as `read` does: a few at a time, for `LONGEST_SEARCH` at most. No `read` waits for them.

        If the caller stops waiting before its turn, it is not run.
        """
        ...

    def on_due(self, call: Callable[[], None]) -> None:
        """Register a function to be called on the event loop after each announcement."""
        ...

    async def time(self) -> datetime | None:
        """Return the time of the shared database server; None where each machine uses its own clock."""
        ...

    async def scrub(self) -> bool:
        """Leave nothing of what was deleted in the files on this machine. Return False if somebody still reads it.

        On a server it does nothing: docs/security.md says what stays there.
        """
        ...

    async def close(self) -> None:
        """Finish running transactions and close all connections."""
        ...


class StorageUnavailable(Exception):
    """The database cannot be used now: disk full, locked, gone. The transaction had no effect.

    One exception: if the connection to a server breaks during the commit, the transaction may have been committed. So
    every unit of work must be idempotent.
    """


class DatabaseUnsuitable(StorageUnavailable):
    """The database can be reached, but not be used until somebody changes what it is. `fix` says what to do."""

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(f"{what}: {fix}")
        self.what = what
        self.fix = fix


class Taken(Exception):
    """A row with this key exists already: the transaction lost a race and had no effect."""


class AlreadyOwned(Exception):
    """Another process owns this SQLite file."""
