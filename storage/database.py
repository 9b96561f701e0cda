"""One small face over the database. The dialects differ behind it only: `storage.sqlite`, `storage.postgresql`.

A unit of work is a plain function of a `Transaction`; `write` runs it and returns when its effects are durable. It may
be run again from the start, so it does nothing but talk to its transaction. See docs/decisions/0002 and 0006.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

SqlValue = str | int | float | bytes | None

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


def keepable(values: Mapping[str, SqlValue]) -> dict[str, SqlValue]:
    """The values as every database can keep them: in texts � for NUL and for half of a surrogate pair.

    Both come in JSON from outside, in a file's title for one, and a text is no reason to lose a recording.
    """
    return {name: _keepable(value) if isinstance(value, str) else value for name, value in values.items()}


def _keepable(text: str) -> str:
    return text if text.isascii() and "\0" not in text else _UNKEEPABLE.sub("\ufffd", text)


class Row(Protocol):
    """A row by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """The column's value; the store that wrote the table knows its type."""
        ...

    def keys(self) -> Any:
        """The names of the columns."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlDialect:
    """What one database says otherwise than the other: its `name`, and how passages are found by their grams.

    `passages_that_have` follows FROM, with the first condition: they have what `:wanted` asks for, made by `wanted`.
    `merge_index` rewrites `:pages` of an index that would keep what was removed; None where the server does by itself.
    """

    name: str
    passages_that_have: str
    both: str
    either: str
    merge_index: str | None = None

    def wanted(self, every: Iterable[str], one_of: Iterable[str] = ()) -> str:
        """Ask for every one of the first grams and, where there are others, for one of these."""
        others = f" {self.either} ".join(one_of)
        return f" {self.both} ".join([*every, *([f"({others})"] if others else [])])


class Transaction(Protocol):
    """What a unit of work may do. Values are named in the SQL as `:name`."""

    @property
    def dialect(self) -> SqlDialect:
        """Which database it is."""
        ...

    @property
    def skip_locked(self) -> str:
        """What ends a SELECT of rows to be changed, so that two workers do not wait for the same one."""
        ...

    def run(self, sql: str, /, **values: SqlValue) -> int:
        """Execute and tell how many rows were touched."""
        ...

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        """The first row, if there is one."""
        ...

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        """Every row."""
        ...

    def announce(self) -> None:
        """Tell every worker on every machine, once this is committed, that something became due."""
        ...

    def be_alone(self) -> None:
        """Wait until no other process is in a unit of work that said the same; until its end none will be."""
        ...


Work = Callable[[Transaction], T]


class Database(Protocol):
    """A place for units of work. `write` and `read` raise `StorageUnavailable` when the database cannot do it now."""

    @property
    def is_shared(self) -> bool:
        """Whether other machines may be at work on it."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; its effects are durable on return, and absent if it raised."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent view, beside the writers."""
        ...

    def on_due(self, call: Callable[[], None]) -> None:
        """From now on call this, on the event loop, whenever something was announced."""
        ...

    async def time(self) -> datetime | None:
        """The clock that every machine on this database goes by; None where each has its own."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go."""
        ...


class StorageUnavailable(Exception):
    """The database cannot do it now: disk full, locked, gone. Nothing of the unit of work happened.

    One exception: where the connection to a server breaks during the very commit, it may have happened. Every unit of
    work can therefore be repeated.
    """


class Taken(Exception):
    """A row with this key is there already: the unit of work lost a race. Nothing of it happened."""


class AlreadyOwned(Exception):
    """Another process owns this SQLite file."""
