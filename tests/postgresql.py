"""A temporary PostgreSQL server for the tests, if its programs are installed."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sandbox.ports import free_port
from storage.migrations import migrate
from storage.postgresql import PostgreSQL

TEMPLATE = "template_threadscribe"


def programs() -> Path | None:
    """The folder with the server's programs, if there is one."""
    places = [Path(found).parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").exists() and (place / "initdb").exists()), None)


class Server:
    """A server on a free port of this machine; without fsync unless `durable`: it is thrown away."""

    def __init__(self, folder: Path, *, bin_folder: Path, durable: bool = False) -> None:
        self._folder = folder
        self._bin = bin_folder
        self._fsync = "on" if durable else "off"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the server's main process."""
        assert self._process is not None
        return self._process.pid

    def prepare(self) -> None:
        """Make the cluster."""
        if user := _user():
            shutil.chown(self._folder, user=user)
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "bot", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        """Start (again) and wait until it answers."""
        options = ["-c", f"fsync={self._fsync}", "-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", "unix_socket_directories=", "-c", f"port={self._port}", "-c", "log_min_messages=panic"]
        self._process = subprocess.Popen(  # noqa: S603 - the machine's own server
            [self._bin / "postgres", "-D", self._folder / "data", *options],
            user=_user(),
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for(lambda: _answers_at(self.url("postgres")), "the server")

    def stop(self) -> None:
        """Stop at once, as a server that is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://bot@127.0.0.1:{self._port}/{name}"

    def new_database(self) -> str:
        """The address of a new database at the newest schema."""
        if not self.has(TEMPLATE):
            self._create(TEMPLATE)
            asyncio.run(_migrate(self.url(TEMPLATE)))
        return self.empty_database(template=TEMPLATE)

    def empty_database(self, *, template: str = "template1", encoding: str | None = None) -> str:
        """The address of a new database without tables, or like the template."""
        name = f"test_{secrets.token_hex(6)}"
        self._create(name, template="template0" if encoding else template, encoding=encoding)
        return self.url(name)

    def has(self, name: str) -> bool:
        """Whether there is such a database."""
        with psycopg.connect(self.url("postgres")) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def _create(self, name: str, *, template: str = "template1", encoding: str | None = None) -> None:
        stored = f"ENCODING '{encoding}'" if encoding else ""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {stored}")  # our own names

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - the machine's own programs
            [self._bin / program, *arguments], user=_user(), cwd=self._folder, check=True, capture_output=True
        )


@contextmanager
def pgbouncer(url: str, *, mode: str) -> Iterator[str]:
    """The address of the same database through a PgBouncer of this machine, in this mode."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if os.environ.get("REQUIRE_PGBOUNCER"):
            pytest.fail("REQUIRE_PGBOUNCER is set, and this machine has no pgbouncer")
        pytest.skip("this machine has no pgbouncer")
    folder, port = new_folder(), free_port()
    there = conninfo_to_dict(url)
    (folder / "users").write_text('"bot" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={there['host']} port={there['port']}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users\npool_mode = {mode}\n"
    )
    if user := _user():
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user=user)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([found, "-q", folder / "pgbouncer.ini"], user=_user(), stdout=quiet, stderr=quiet)  # noqa: S603 - the machine's own
    through = make_conninfo(url, port=str(port))
    address = f"postgresql://bot@127.0.0.1:{port}/{there['dbname']}"
    try:
        _wait_for(lambda: _answers_at(through), "the pooler")
        yield address
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(is_there: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not is_there():
        assert time.monotonic() < deadline, f"{what} did not start"
        time.sleep(0.05)


def _answers_at(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


async def _migrate(url: str) -> None:
    database = await PostgreSQL.open(url)
    await migrate(database)
    await database.close()


def new_folder() -> Path:
    """A folder that the server's user can reach, which pytest's own it cannot."""
    return Path(tempfile.mkdtemp(prefix="threadscribe-postgresql-"))


def _user() -> str | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return next(entry.pw_name for entry in pwd.getpwall() if entry.pw_name in {"postgres", "nobody"})
