"""`threadscribe migrate`, `backup`, `copy-database`: the operator's commands for the database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.cli.errors import plainly
from bot.settings.loading import load
from bot.settings.model import SettingsProblem


@click.command()
@plainly
async def migrate() -> None:
    """Bring the database to the newest schema. `run` does so by itself."""
    from bot.database import open_database
    from storage.migrations import migrate as move

    async with open_database(load(), own=True, newest=False) as database:
        applied = await move(database)
    click.echo("\n".join(f"applied {name}" for name in applied) or "The database is at the newest schema.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@plainly
async def backup(file: Path) -> None:
    """Copy the SQLite database to FILE, also while the bot is at work."""
    from storage.backup import back_up

    path = load().database_path
    if path is None:
        raise SettingsProblem(["DATABASE_URL: it is PostgreSQL; back it up with pg_dump"])
    await asyncio.to_thread(back_up, path, file)
    click.echo(f"{file} holds everything up to now, transcripts too: keep it as safe as the original.")


@click.command("copy-database")
@click.option(
    "--to",
    envvar="COPY_TO",
    required=True,
    help="postgresql://… of an empty database. In the environment (COPY_TO) its password is not in the process list.",
)
@plainly
async def copy_database(to: str) -> None:
    """Carry everything from the SQLite file of DATABASE_URL over to PostgreSQL, and check it row by row.

    Stop the bot first; afterwards set DATABASE_URL to the new address and start it again.
    """
    from bot.database import open_database
    from storage.copying import copy

    settings = load()
    if settings.database_path is None or not settings.model_copy(update={"database_url": to}).on_server:
        raise SettingsProblem(["DATABASE_URL, --to: it goes from a SQLite file to postgresql://…"])
    if not settings.database_path.exists():
        raise SettingsProblem([f"DATABASE_URL: there is no {settings.database_path} to copy"])
    there = settings.model_copy(update={"database_url": to})
    async with open_database(settings, own=True) as source, open_database(there, own=True) as target:
        copied = await copy(source, target)
    click.echo(f"{copied.jobs} jobs and {copied.bodies} webhook bodies are there, each the same as here.")
