"""`threadscribe jobs`: shows and changes jobs beside a running bot. Never shows titles or transcripts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

import click

from bot.cli.printable import printable
from bot.settings.loading import load
from bot.settings.model import SettingsProblem
from storage import claiming, job_lists, reruns
from storage import jobs as store
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobId, JobState, LeaseLost
from transcription.transcript import Report

T = TypeVar("T")

PIPED_WIDTH = 200
"""Characters: wide enough that nothing is cut for a program that reads the list."""

OPEN = tuple(state for state in JobState if state.is_open)


@click.group()
def jobs() -> None:
    """List, show, retry or cancel jobs."""


@jobs.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@click.option("--limit", default=50, show_default=True, help="How many, newest first.")
def list_jobs(*, everything: bool, limit: int) -> None:
    """The newest jobs."""
    from rich.console import Console  # noqa: PLC0415 - only this one draws
    from rich.table import Column, Table  # noqa: PLC0415 - same

    states = tuple(JobState) if everything else OPEN
    found = _do(lambda tx: job_lists.newest(tx, limit=limit, states=states))
    table = Table(
        Column("job", no_wrap=True), "state", "provider", "channel", "length", "tries", "age", "ended because"
    )
    for job in found:
        table.add_row(
            job.id,
            job.state,
            job.provider or "",
            printable(job.origin.channel),
            str(job.duration or "").split(".")[0],
            str(job.attempts),
            _age(job),
            str(job.failure.reason) if job.failure else "",
        )
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(table if found else "No jobs." if everything else "Nothing is waiting.")


@jobs.command()
@click.argument("job_id")
def show(job_id: str) -> None:
    """One job and its history."""
    job = _find(job_id)
    for name, value in (
        ("job", job.id),
        ("state", job.state),
        ("provider", job.provider),
        ("team", job.origin.team),
        ("channel", job.origin.channel),
        ("file", job.origin.file),
        ("length", job.duration),
        ("due", job.due_at),
        ("tries of this step", job.attempts),
        ("times sent", job.sendings),
        ("reply", job.reply_ts),
        ("ended because", job.failure.reason if job.failure else None),
        ("id at the provider", job.handle),
        ("told of it by", job.handle_from),
        *_reported(job),
    ):
        if value is not None:
            click.echo(f"{name + ':':20}{printable(str(value))}")
    for at, state, note in _do(lambda tx: job_lists.history(tx, job.id)):
        click.echo(f"{at:%Y-%m-%d %H:%M:%S} {state:12}{printable(note or '')}")


def _reported(job: Job) -> list[tuple[str, object]]:
    """Return what the provider reports of its own work; no decision is based on it."""
    said = job.report or Report()
    return [
        ("reported type", said.kind),
        ("reported amount", said.amount),
        ("reported version", said.version),
        ("reported message", said.message),
    ]


@jobs.command()
@click.argument("job_id")
def retry(job_id: str) -> None:
    """Start a failed job again, or hurry a waiting one."""
    job = _find(job_id)
    now = datetime.now(UTC)
    if job.state.is_open:
        _do(lambda tx: claiming.hurry(tx, job, now=now))
        click.echo(f"{job.id} is tried now.")
    elif _do(lambda tx: reruns.retry(tx, job, now=now)):
        click.echo(f"{job.id} starts again.")
    elif job.forgotten:
        _fail(f"{job.id} was deleted; there is nothing to retry.")
    else:
        _fail(f"{job.id} has its transcript; there is nothing to retry.")


@jobs.command()
@click.argument("job_id")
def cancel(job_id: str) -> None:
    """End a job that has no reply yet."""
    job = _find(job_id)
    if _do(lambda tx: store.cancel(tx, job, now=datetime.now(UTC))) is None:
        _fail(f"{job.id} is too far to cancel: {job.state}.")
    click.echo(f"{job.id} is cancelled.")


def _find(job_id: str) -> Job:
    job = _do(lambda tx: store.get(tx, JobId(job_id)))
    if job is None:
        _fail(f"There is no job {printable(job_id)}.")
    return job


def _do(work: Callable[[Transaction], T]) -> T:
    from bot.database import open_database  # noqa: PLC0415 - keeps `--help` instant

    async def visit() -> T:
        async with open_database(load(), own=False) as database:
            return await _in(database, work)

    try:
        return asyncio.run(visit())
    except SettingsProblem as problem:
        _fail("\n".join(problem.problems))
    except StorageUnavailable as problem:
        _fail(f"{problem}. Has the bot run here yet?")
    except LeaseLost as lost:
        _fail(f"The bot is just at work on {lost}. Please try again in a moment.")


async def _in(database: Database, work: Callable[[Transaction], T]) -> T:
    return await database.write(work)


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


def _age(job: Job) -> str:
    return str(datetime.now(UTC) - job.created_at).split(".", maxsplit=1)[0]
