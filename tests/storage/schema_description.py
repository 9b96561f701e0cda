"""Read a database's schema: columns, and constraints that a statement can violate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from storage.database import Transaction


class Column(NamedTuple):
    """A column; `kind` is its type, `default` as the database writes it."""

    table: str
    name: str
    kind: str
    is_null_allowed: bool
    default: str | None

    @property
    def is_needed(self) -> bool:
        """Whether a row cannot be made without it."""
        return not self.is_null_allowed and self.default is None


class Rule(NamedTuple):
    """A constraint, a unique index or a trigger, as the database writes it."""

    table: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Described:
    """A whole schema."""

    columns: frozenset[Column]
    rules: frozenset[Rule]


def described(tx: Transaction) -> Described:
    """The schema as it is now."""
    return _in_file(tx) if tx.dialect.name == "sqlite" else _on_server(tx)


def _in_file(tx: Transaction) -> Described:
    tables = [str(row["name"]) for row in tx.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns, rules = set[Column](), set[Rule]()
    for table in tables:
        for row in tx.all("SELECT * FROM pragma_table_xinfo(:table)", table=table):
            columns.add(Column(table, row["name"], row["type"], not row["notnull"], row["dflt_value"]))
            if row["pk"]:
                rules.add(Rule(table, f"key {row['pk']}: {row['name']}"))
        for row in tx.all('SELECT * FROM pragma_index_list(:table) WHERE "unique" = 1', table=table):
            parts = tx.all("SELECT name FROM pragma_index_info(:index) ORDER BY seqno", index=row["name"])
            rules.add(Rule(table, f"unique: {', '.join(str(part['name']) for part in parts)}"))
        for row in tx.all("SELECT * FROM pragma_foreign_key_list(:table)", table=table):
            rules.add(Rule(table, f"{row['from']} in {row['table']} ({row['to']}) {row['on_delete']}"))
    for row in tx.all("SELECT type, tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')"):
        if row["type"] == "trigger" or "CHECK" in str(row["sql"]).upper():
            rules.add(Rule(row["tbl_name"], row["sql"]))
    return Described(columns=frozenset(columns), rules=frozenset(rules))


def _on_server(tx: Transaction) -> Described:
    columns = tx.all(
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    constraints = tx.all(
        "SELECT conrelid::regclass::text AS held_by, pg_get_constraintdef(oid) AS said FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND conrelid <> 0"
    )
    indexes = tx.all(
        "SELECT indrelid::regclass::text AS held_by, pg_get_indexdef(indexrelid) AS said FROM pg_index "
        "JOIN pg_class ON pg_class.oid = indrelid WHERE indisunique AND relnamespace = 'public'::regnamespace"
    )
    triggers = tx.all(
        "SELECT tgrelid::regclass::text AS held_by, pg_get_triggerdef(oid) AS said FROM pg_trigger "
        "WHERE NOT tgisinternal"
    )
    return Described(
        columns=frozenset(
            Column(
                row["table_name"],
                row["column_name"],
                row["data_type"],
                row["is_nullable"] == "YES",
                row["column_default"],
            )
            for row in columns
        ),
        rules=frozenset(Rule(row["held_by"], row["said"]) for row in (*constraints, *indexes, *triggers)),
    )
