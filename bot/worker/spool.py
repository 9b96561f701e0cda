"""Where recordings lie while they are in work: one folder a job, readable by the bot only, gone when it is done."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import stat
from functools import partial
from pathlib import Path

import structlog

from bot.settings.model import SettingsProblem
from storage import jobs
from storage.database import Database
from storage.job import JobId

_log = structlog.get_logger()

RESERVE = 64 * 2**20
"""Bytes of the disk that recordings leave free: the database may lie on it too, and without that nothing goes on."""

_ROOM = re.compile(r"job-[a-z2-9]{10}")


def room_of(folder: Path, key: str) -> Path:
    """The folder of one job in the spool."""
    return folder / f"job-{key}"


class Spool:
    """`folder` belongs to this installation alone: what is in it and belongs to no open job is removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def prepare(self, database: Database) -> None:
        """Create the folder, and remove what an earlier process left behind.

        Raises `SettingsProblem` for one that another account could put something else in the place of.
        """
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(_make_safe, self.folder)
        await self.sweep(database)

    async def sweep(self, database: Database) -> None:
        """Remove what belongs to no open job. Safe beside working ones."""
        # In this order: a folder that is found now and whose job is not open afterwards is needed by nobody.
        found = await asyncio.to_thread(self._rooms)
        for room, job in found.items():
            if not await database.read(partial(jobs.needs_audio, job=job)):
                await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)

    def _rooms(self) -> dict[Path, JobId]:
        # Nothing but our own: the setting may name a folder with other things in it.
        rooms = [room for room in self.folder.iterdir() if room.is_dir() and _ROOM.fullmatch(room.name)]
        return {room: JobId(room.name.removeprefix("job-")) for room in rooms}

    def has_room(self, *, size: int = 0) -> bool:
        """Whether so many bytes more leave enough of the disk free."""
        try:
            return shutil.disk_usage(self.folder).free >= size + RESERVE
        except OSError:
            return False

    async def room(self, job: JobId) -> Path:
        """The job's folder, made if it is not there. Raises `PermissionError` where somebody else has made it."""
        folder = room_of(self.folder, job)
        await asyncio.to_thread(_enter, folder)
        return folder

    async def clear(self, job: JobId) -> None:
        """Remove the job's folder."""
        await asyncio.to_thread(shutil.rmtree, room_of(self.folder, job), ignore_errors=True)


def _make_safe(folder: Path) -> None:
    found = folder.stat()
    if {folder.lstat().st_uid, found.st_uid} - {os.geteuid(), 0}:
        raise SettingsProblem(["SPOOL_DIRECTORY: it belongs to another account; give a folder of the bot's own"])
    # In a folder like /tmp everybody may add something, but move only what is their own.
    if not found.st_mode & stat.S_IWOTH or found.st_mode & stat.S_ISVTX:
        return
    if found.st_uid == os.geteuid():
        folder.chmod(stat.S_IMODE(found.st_mode) & ~stat.S_IWOTH)
    else:
        # A container's volume may be so, and has nobody else in it.
        _log.warning("spool_exposed")


def _enter(room: Path) -> None:
    """Make the room. One that is there already is taken only if it can be our own of an earlier try."""
    try:
        room.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = room.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), room.parent.stat().st_uid}:
            raise PermissionError(errno.EPERM, "the folder of a recording is not the bot's own") from None
