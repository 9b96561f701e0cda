"""Where recordings lie while they are in work: one folder a job, readable by the bot only, gone when it is done."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

from storage import jobs
from storage.database import Database
from storage.job import JobId

_ROOM = re.compile(r"job-[a-z2-9]{10}")


def room_of(folder: Path, key: str) -> Path:
    """The folder of one job in the spool."""
    return folder / f"job-{key}"


class Spool:
    """`folder` belongs to this installation alone: what is in it and belongs to no open job is removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def prepare(self, database: Database) -> None:
        """Create the folder, and remove what an earlier process left behind."""
        kept = await database.read(jobs.open_ids)
        await asyncio.to_thread(self._sweep, kept)

    def _sweep(self, kept: frozenset[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        rooms = {room_of(self.folder, job).name for job in kept}
        for left in self.folder.iterdir():
            # Nothing but our own: the setting may name a folder with other things in it.
            if left.is_dir() and _ROOM.fullmatch(left.name) and left.name not in rooms:
                shutil.rmtree(left, ignore_errors=True)

    async def room(self, job: JobId) -> Path:
        """The job's folder, made if it is not there."""
        folder = room_of(self.folder, job)
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        return folder

    async def clear(self, job: JobId) -> None:
        """Remove the job's folder."""
        await asyncio.to_thread(shutil.rmtree, room_of(self.folder, job), ignore_errors=True)
