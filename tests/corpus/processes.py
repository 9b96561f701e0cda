"""Observe other processes through /proc: their resource use, and which of them decode audio."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

DECODER = "transcription.media_worker"

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes through /proc")


def peak_memory(pid: int) -> int:
    """The most bytes that a process ever had in memory; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def children(pid: int, *, module: str = DECODER) -> list[int]:
    """The processes that this one has started with `python -m module`."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone in the meantime
            parent = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == pid and module.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


async def started(pid: int, *, module: str = DECODER) -> int:
    """Wait until it has started one."""
    async with asyncio.timeout(60):
        while not (found := children(pid, module=module)):  # noqa: ASYNC110 - the system has no event for it
            await asyncio.sleep(0.01)
    return found[0]


def written_in(folder: Path) -> int:
    """How many bytes of the disk the files of a spool take."""
    total = 0
    for path in folder.glob("*/*"):
        with contextlib.suppress(OSError):  # gone in the meantime
            total += path.stat().st_blocks * 512
    return total
