"""Machines that share one database: each is a process with its own folder, spool and port."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from bot.app import Role
from bot.worker.claim import LEASE
from bot.worker.spool import room_of
from sandbox.ports import free_port
from sandbox.slack import Share, Slack
from storage import job_lists
from storage.database import Transaction
from storage.job import Job, JobState
from storage.postgresql import PostgreSQL
from tests.bot.processes import Ended, environment, threadscribe
from tests.journeys.database_probe import earlier

ENOUGH = 60
"""Seconds; a machine that starts on a busy computer takes some."""

MILLISECOND = timedelta(milliseconds=1)


EARLIER = {
    "caught up": "catch_up_done",
    "job dropped": "job_dropped",
    "job moved": "job_state_changed",
    "lease lost": "lease_lost",
}
"""The events of the release before that are looked for, and what they are called today (CHANGELOG.md has them all)."""


def _in_todays_words(line: dict[str, Any]) -> dict[str, Any]:
    event = str(line["event"])
    if event == "job moved":
        line["state"] = line.pop("to")
    return line | {"event": EARLIER.get(event, event)}


class Machine:
    """`threadscribe run`, whole or in one role. Without a database of its own choosing it keeps one in its folder."""

    def __init__(
        self,
        folder: Path,
        *,
        only: Role | None = None,
        port: int | None = None,
        within: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        """`within`: a command that runs the one behind it."""
        self.folder = folder
        self._within = within
        self.port = port or free_port()
        self._role = ["--only", only] if only else []
        wanted = {"http_port": self.port, "database_url": "sqlite:///bot.db", "soonest_look": 0.1} | settings
        self._environment = environment(**{name.upper(): str(value) for name, value in wanted.items()})
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start (again) and wait until it is ready."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._within,
                sys.executable,
                "-m",
                "bot",
                "run",
                *self._role,
                cwd=self.folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(ENOUGH):
            while (await self.readiness())[0] != 200:
                assert self._process.returncode is None, self.folder.joinpath("log").read_text()
                await asyncio.sleep(0.05)

    @property
    def is_alive(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    def decodes(self) -> bool:
        """Whether it has a decoder at work at this moment. Linux only."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        with suppress(OSError):
            return any(b"media_worker" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)
        return False

    async def readiness(self) -> tuple[int, dict[str, bool]]:
        """What `/readyz` answers: the status and the checks; 0 while nobody listens."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return answer.status, (await answer.json())["checks"]
        except aiohttp.ClientError:
            return 0, {}

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it, if it has been started and has not ended; the exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()

    async def freeze(self) -> None:
        """Let it stand still; when this returns, it does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, self._process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        """Let it go on; harmless where it never stood still."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """It stands still while this lasts."""
        await self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def logged(self, event: str, **more: str | int) -> list[dict[str, Any]]:
        """Its log lines of this kind that say so, in today's words also where the release before wrote them."""
        lines = (self.folder / "log").read_text(encoding="utf-8").splitlines()
        entries = [_in_todays_words(json.loads(line)) for line in lines if line.startswith("{") and line.endswith("}")]
        return [entry for entry in entries if entry["event"] == event and more.items() <= entry.items()]

    def spool(self) -> list[str]:
        """What lies in its spool."""
        return [path.name for path in (self.folder / "threadscribe-spool").iterdir()]

    def room(self, job: Job) -> Path:
        """The job's folder in its spool."""
        return room_of(self.folder / "threadscribe-spool", job.id)

    async def command(self, *arguments: str) -> Ended:
        """Run another command there, as its operator does."""
        return await threadscribe(*arguments, folder=self.folder, env=self._environment)


@asynccontextmanager
async def at_work(*machines: Machine) -> AsyncIterator[None]:
    """All of them, started together and killed at the end."""
    try:
        await asyncio.gather(*(machine.start() for machine in machines))
        yield
    finally:
        for machine in machines:
            await machine.end()


def slack_settings(slack: Slack, *, mode: str) -> dict[str, Any]:
    """What a machine needs for this Slack, by `socket` or by `http`."""
    ways_in = {"socket": {"slack_app_token": slack.app_token}, "http": {"slack_signing_secret": slack.signing_secret}}
    return ways_in[mode] | {
        "slack_bot_token": slack.bot_token,
        "slack_api_url": slack.api_url,
        "slack_file_origins": slack.origin,
    }


class Ledger:
    """What the machines' database says; and time that passes there."""

    def __init__(self, database: PostgreSQL, url: str) -> None:
        self._database = database
        self._url = url

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Ledger]:
        """A connection of the test's own."""
        database = await PostgreSQL.open(url, size=1)
        try:
            yield cls(database, url)
        finally:
            await database.close()

    async def jobs(self, *shares: Share) -> list[Job]:
        """The jobs of these shares."""
        found = await self._database.read(lambda tx: job_lists.newest(tx, limit=1000))
        files = {file for share in shares for file in share.file_ids}
        return [job for job in found if job.origin.file in files]

    async def ended(self, *shares: Share) -> list[Job]:
        """Their jobs, once each is tidied up."""
        async with asyncio.timeout(ENOUGH):
            while True:
                found = await self.jobs(*shares)
                if len({job.origin.file for job in found}) == len(shares) and all(job.due_at is None for job in found):
                    return found
                await asyncio.sleep(0.02)

    async def held(self, *shares: Share) -> list[Job]:
        """Their jobs, once each is in somebody's hands."""
        async with asyncio.timeout(ENOUGH):
            while True:
                found = await self.jobs(*shares)
                if len(found) == len(shares) and all(job.lease for job in found):
                    return found
                await asyncio.sleep(0.02)

    async def waits(self, share: Share, state: JobState) -> Job:
        """The share's job, once it is in this state and in nobody's hands."""
        async with asyncio.timeout(ENOUGH):
            while True:
                for job in await self.jobs(share):
                    if job.state is state and job.lease is None:
                        return job
                await asyncio.sleep(0.02)

    async def history(self, job: Job) -> dict[JobState, Any]:
        """When the job came to each state, for the first time."""
        rows = await self._database.read(lambda tx: job_lists.history(tx, job.id))
        return {state: at for at, state, _ in reversed(rows)}

    async def forget(self) -> None:
        """Let nobody look at what has not ended any more."""
        await self._database.write(lambda tx: tx.run("UPDATE jobs SET due_at = NULL, lease = NULL"))

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Nobody else reads or writes this table while this lasts."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield

    async def stuck(self, statement: str) -> None:
        """Wait until a machine waits for a lock with a statement that begins so."""
        await self._see("SELECT 1 FROM {} AND wait_event_type = 'Lock'", begins=statement)

    async def end_idle_transaction(self, statement: str) -> None:
        """End the transaction of a machine that has sent nothing since a statement that begins so."""
        await self._see("SELECT pg_terminate_backend(pid) FROM {} AND state = 'idle in transaction'", begins=statement)

    async def _see(self, look: str, *, begins: str) -> None:
        ours = "pg_stat_activity WHERE datname = current_database() AND starts_with(query, %s)"
        async with asyncio.timeout(ENOUGH), await psycopg.AsyncConnection.connect(self._url) as connection:
            while not await (await connection.execute(look.format(ours).encode(), [begins])).fetchall():
                await connection.commit()
                await asyncio.sleep(0.01)

    async def put_off(self, job: Job, span: timedelta) -> None:
        """Let its next look be so much later, as if its provider's pace said so."""
        await self._database.write(
            lambda tx: tx.run(
                "UPDATE jobs SET due_at = due_at + :span WHERE id = :id", span=span // MILLISECOND, id=job.id
            )
        )

    async def time_passes(self, *jobs: Job, span: timedelta = LEASE + timedelta(seconds=1)) -> None:
        """Let so much time pass for these jobs, whoever holds them; a lease and a moment, if nothing else is said.

        Nothing but `due_at` says that a lease has ended (docs/decisions/0003), and every machine compares it with the
        server's clock; so that it is moved is the same for them as that the clock is. A machine that stood still
        meanwhile sees no time gone by on its own clock: it knows less than after a real minute, and has to be stopped
        by the lease's token alone.
        """

        def work(tx: Transaction) -> None:
            for job in jobs:
                tx.run(f"UPDATE jobs SET {earlier(span // MILLISECOND)} WHERE id = :id", id=job.id)  # noqa: S608 - our own
            tx.announce()

        await self._database.write(work)
