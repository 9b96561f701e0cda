"""The spool: one folder per job with its recording, readable by the bot only, removed when the job is done."""

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
"""Bytes of disk that recordings leave free: the database may be on the same disk and must be able to write."""

_ROOM = re.compile(r"job-[a-z2-9]{10}")


def room_of(folder: Path, key: str) -> Path:
    """Return the folder of one job in the spool."""
    return folder / f"job-{key}"


class Spool:
    """`folder` belongs to this bot alone: job folders in it that belong to no open job are removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def prepare(self, database: Database) -> None:
        """Create the folder, and remove what earlier processes left behind.

        Raises `SettingsProblem` if the folder belongs to another account, which could replace what is in it.
        """
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(_make_safe, self.folder)
        await self.sweep(database)

    async def sweep(self, database: Database) -> None:
        """Remove the folders of jobs that do not need their audio any more. Safe while workers run."""
        # List the folders first: if the job of a listed folder is not open afterwards, the folder is not needed.
        found = await asyncio.to_thread(self._rooms)
        for room, job in found.items():
            if not await database.read(partial(jobs.needs_audio, job=job)):
                await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)

    def _rooms(self) -> dict[Path, JobId]:
        # Only job folders: the setting may name a folder with other files in it.
        rooms = [room for room in self.folder.iterdir() if room.is_dir() and _ROOM.fullmatch(room.name)]
        return {room: JobId(room.name.removeprefix("job-")) for room in rooms}

    def has_room(self, *, size: int = 0) -> bool:
        """Return whether `size` more bytes leave `RESERVE` bytes of the disk free."""
        try:
            return shutil.disk_usage(self.folder).free >= size + RESERVE
        except OSError:
            return False

    async def room(self, job: JobId) -> Path:
        """Return the job's folder, created if missing. Raises `PermissionError` if another account created it."""
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
    # In a sticky folder such as /tmp other accounts may add files, but not rename or remove ours.
    if not found.st_mode & stat.S_IWOTH or found.st_mode & stat.S_ISVTX:
        return
    if found.st_uid == os.geteuid():
        folder.chmod(stat.S_IMODE(found.st_mode) & ~stat.S_IWOTH)
    else:
        # A container's volume may be world-writable, and the container has no other accounts.
        _log.warning("spool_exposed")


def _enter(room: Path) -> None:
    """Create the folder. An existing one is accepted only if the bot can have created it in an earlier try."""
    try:
        room.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = room.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), room.parent.stat().st_uid}:
            raise PermissionError(errno.EPERM, "the folder of a recording is not the bot's own") from None
