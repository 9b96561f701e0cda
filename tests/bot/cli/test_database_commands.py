"""`migrate`, `backup` and `copy-database` as an operator meets them: what they say, how they end, and no password."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.app import open_bot
from sandbox.ports import free_port
from sandbox.slack import Slack
from storage import job_lists
from storage.job import JobState
from storage.sqlite import SQLite
from tests.bot.job_fixtures import NOON, a_job, new_database
from tests.bot.processes import environment, threadscribe
from tests.journeys.bench import settings_of
from tests.postgresql import Server, pgbouncer
from tests.storage.test_migrations import files

PASSWORD = "correct-horse-7"


def command(folder: Path, *arguments: str, **env: str) -> Result:
    env = {"DATABASE_URL": f"sqlite:///{folder}/bot.db", "COPY_TO": "", **env}
    result = CliRunner().invoke(main, arguments, env=env)
    assert PASSWORD not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def url(postgresql: Server) -> str:
    """An empty database, with a password that the server does not ask for."""
    return postgresql.empty_database().replace("bot@", f"bot:{PASSWORD}@")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    asyncio.run(_fill(tmp_path / "bot.db"))
    return tmp_path


async def _fill(path: Path) -> None:
    async with new_database(path) as database:
        for state in JobState:
            await a_job(database, state, file=state)


def rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM jobs").fetchone()
        assert row is not None
        return int(row[0])


def names() -> str:
    return "".join(f"applied {name}\n" for name, _ in files())


def test_migrate_names_what_it_applied_and_the_next_time_says_that_all_is_done(tmp_path: Path, url: str) -> None:
    for address in (f"sqlite:///{tmp_path}/new.db", url):
        first = command(tmp_path, "migrate", DATABASE_URL=address)
        assert (first.exit_code, first.output) == (0, names())
        second = command(tmp_path, "migrate", DATABASE_URL=address)
        assert (second.exit_code, second.output) == (0, "The database is at the newest schema.\n")


async def test_processes_that_migrate_at_once_apply_everything_once_and_all_succeed(
    tmp_path: Path, postgresql: Server
) -> None:
    env = environment(DATABASE_URL=await asyncio.to_thread(postgresql.empty_database))
    ended = await asyncio.gather(*(threadscribe("migrate", folder=tmp_path, env=env) for _ in range(3)))
    assert [(each.code, each.err) for each in ended] == [(0, "")] * 3
    applied = [line for each in ended for line in each.out.splitlines() if line.startswith("applied ")]
    assert sorted(applied) == names().splitlines()


def test_migrate_leaves_a_database_alone_that_a_bot_is_at_work_on(filled: Path) -> None:
    with held(filled / "bot.db"):
        result = command(filled, "migrate")
    assert result.exit_code == 2
    assert "Another threadscribe process is using bot.db" in result.output


class held:  # noqa: N801 - read as a word: with held(path)
    """As a running bot holds its file."""

    def __init__(self, path: Path) -> None:
        self._path, self._loop = path, asyncio.new_event_loop()

    def __enter__(self) -> None:
        self._database = self._loop.run_until_complete(SQLite.open(self._path, own=True))

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._database.close())
        self._loop.close()


def test_copy_database_carries_everything_over_and_can_be_repeated(filled: Path, url: str) -> None:
    for arguments, env in ((["--to", url], {}), ([], {"COPY_TO": url})):
        result = command(filled, "copy-database", *arguments, **env)
        assert (result.exit_code, result.output) == (
            0,
            "7 jobs and 0 webhook bodies are there, each the same as here.\n",
        )
    assert rows(url) == len(JobState)


def test_copy_database_refuses_a_source_that_a_bot_is_at_work_on(filled: Path, url: str) -> None:
    with held(filled / "bot.db"):
        result = command(filled, "copy-database", "--to", url)
    assert result.exit_code == 2
    assert "Another threadscribe process is using bot.db" in result.output


def test_copy_database_refuses_a_target_that_holds_something_else(filled: Path, url: str, tmp_path: Path) -> None:
    assert command(filled, "copy-database", "--to", url).exit_code == 0
    (tmp_path / "other").mkdir()
    asyncio.run(_fill(tmp_path / "other" / "bot.db"))
    result = command(tmp_path / "other", "copy-database", "--to", url)
    assert result.exit_code == 2
    assert "give it an empty database" in result.output
    assert rows(url) == len(JobState)


ADDRESS = f"postgresql://bot:{PASSWORD}@127.0.0.1/x"

WRONG_WAYS: list[tuple[list[str], dict[str, str]]] = [
    (["--to", "sqlite:///other.db"], {}),
    (["--to", f"mysql://bot:{PASSWORD}@127.0.0.1/x"], {}),
    (["--to", f"postgresql://bot:{PASSWORD}@[127.0.0.1/x"], {}),
    (["--to", ADDRESS], {"DATABASE_URL": ADDRESS}),
    (["--to", ""], {}),
    ([], {}),
    ([ADDRESS], {}),
]


@pytest.mark.parametrize(("arguments", "env"), WRONG_WAYS)
def test_copy_database_goes_one_way_only(filled: Path, arguments: list[str], env: dict[str, str]) -> None:
    result = command(filled, "copy-database", *arguments, **env)
    assert result.exit_code == 2
    assert "postgresql://" in result.output or "--to" in result.output


def test_copy_database_does_not_take_a_file_that_is_not_there_for_an_empty_one(tmp_path: Path, url: str) -> None:
    result = command(tmp_path, "copy-database", "--to", url)
    assert result.exit_code == 2
    assert "bot.db" in result.output
    assert list(tmp_path.iterdir()) == []


async def test_as_a_process_it_says_one_line_and_never_the_password(filled: Path, postgresql: Server) -> None:
    url = (await asyncio.to_thread(postgresql.empty_database)).replace("bot@", f"bot:{PASSWORD}@")
    env = environment(DATABASE_URL="sqlite:///bot.db", COPY_TO=url)
    ended = await threadscribe("copy-database", folder=filled, env=env)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "7 jobs and 0 webhook bodies are there, each the same as here.\n"
    nobody = f"postgresql://bot:{PASSWORD}@127.0.0.1:{free_port()}/x"
    ended = await threadscribe("copy-database", folder=filled, env=env | {"COPY_TO": nobody})
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("cannot reach the database: ")
    assert len(ended.err.splitlines()) == 1
    assert PASSWORD not in ended.err


def test_backup_says_what_it_made_and_leaves_what_is_there(filled: Path) -> None:
    copy = filled / "copy.db"
    with held(filled / "bot.db"):
        result = command(filled, "backup", str(copy))
    assert (result.exit_code, "keep it as safe as the original" in result.output) == (0, True)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (len(JobState),)
    again = command(filled, "backup", str(copy))
    assert (again.exit_code, again.output) == (2, "copy.db is there already: give the backup another name\n")


@pytest.mark.parametrize(
    ("target", "env", "words"),
    [
        ("nowhere/copy.db", {}, "nowhere/copy.db: No such file or directory"),
        (".", {}, "is a directory"),
        ("copy.db", {"DATABASE_URL": f"postgresql://bot:{PASSWORD}@127.0.0.1/x"}, "pg_dump"),
        ("copy.db", {"DATABASE_URL": "sqlite:///nowhere.db"}, "no backup was made"),
    ],
)
def test_backup_says_why_there_is_none(filled: Path, target: str, env: dict[str, str], words: str) -> None:
    result = command(filled, "backup", str(filled / target), **env)
    assert result.exit_code == 2
    assert words in result.output
    assert not (filled / "copy.db").exists()


async def test_a_backup_that_is_put_in_the_place_of_the_database_is_gone_on_with(tmp_path: Path) -> None:
    async with new_database(tmp_path / "bot.db") as database:
        for state in JobState:
            await a_job(database, state, file=state, held=state is not JobState.REPLIED)
        ended = await threadscribe(
            "backup", "copy.db", folder=tmp_path, env=environment(DATABASE_URL="sqlite:///bot.db")
        )
        assert ended.code == 0
    (tmp_path / "copy.db").rename(tmp_path / "bot.db")
    async with Slack() as slack, open_bot(settings_of(slack, tmp_path)) as bot:
        found = await bot.tools.database.read(lambda tx: job_lists.newest(tx, limit=50))
        now = bot.tools.clock()
    assert len(found) == len(JobState)
    assert {job.lease for job in found} == {None}
    assert {job.state for job in found if job.due_at is None} == {JobState.REPLIED}
    assert all(job.due_at <= now + timedelta(minutes=15) for job in found if job.due_at)
    assert now > NOON


NOT_UTF8 = "the database stores text as SQL_ASCII, and transcripts need UTF8: make another one (createdb "
IN_TRANSACTION_MODE = "between the bot and PostgreSQL is a pooler in transaction mode (such as PgBouncer)"


def refused_everywhere(folder: Path, address: str, why: str) -> None:
    """Every command that would use the database says why it does not, and changes nothing there."""
    slack = {"SLACK_BOT_TOKEN": "xoxb-1-invented", "SLACK_APP_TOKEN": "xapp-1-invented", "HTTP_PORT": "0"}
    engine = {"TRANSCRIBER": "botlhale", "BOTLHALE_ORG_ID": "1", "BOTLHALE_REFRESH_TOKEN": "invented"}
    for arguments, env in (
        (["migrate"], {"DATABASE_URL": address}),
        (["run"], {"DATABASE_URL": address, **slack, **engine}),
        (["jobs", "list"], {"DATABASE_URL": address}),
        (["copy-database"], {"COPY_TO": address}),
    ):
        refused = command(folder, *arguments, **env)
        assert (refused.exit_code, why in refused.output) == (2, True), (arguments, refused.output)


def examined(folder: Path, address: str) -> str:
    """What `doctor` says of a database, in one line; of Slack nothing is set."""
    return " ".join(command(folder, "doctor", DATABASE_URL=address).output.split())


def test_a_database_that_cannot_store_every_text_is_refused(postgresql: Server, filled: Path) -> None:
    address = postgresql.empty_database(encoding="SQL_ASCII")
    refused_everywhere(filled, address, NOT_UTF8)
    said = examined(filled, address)
    assert "✗ the database stores text as SQL_ASCII, and transcripts need UTF8 → make another one" in said
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize("encoding", ["LATIN1", "EUC_KR"])
def test_so_is_one_that_stores_the_text_of_some_languages(postgresql: Server, tmp_path: Path, encoding: str) -> None:
    refused = command(tmp_path, "migrate", DATABASE_URL=postgresql.empty_database(encoding=encoding))
    assert f"stores text as {encoding}" in refused.output


def test_a_pooler_that_keeps_no_sessions_is_refused_by_name(postgresql: Server, filled: Path) -> None:
    with pgbouncer(postgresql.new_database(), mode="transaction") as address:
        refused_everywhere(filled, address, IN_TRANSACTION_MODE)
        assert f"✗ {IN_TRANSACTION_MODE}" in examined(filled, address)


def test_so_is_one_that_keeps_no_transactions(postgresql: Server, tmp_path: Path) -> None:
    with pgbouncer(postgresql.new_database(), mode="statement") as address:
        refused = command(tmp_path, "migrate", DATABASE_URL=address)
    assert (refused.exit_code, "statement pooling" in refused.output) == (2, True), refused.output


def test_a_pooler_that_keeps_sessions_is_used(postgresql: Server, filled: Path) -> None:
    with pgbouncer(postgresql.empty_database(), mode="session") as address:
        assert command(filled, "copy-database", COPY_TO=address).exit_code == 0
        assert "✓ the database answers" in examined(filled, address)
