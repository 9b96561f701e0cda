"""Processes of an ordinary user, whoever runs the tests: root may read every process, and would prove nothing."""

from __future__ import annotations

import asyncio
import os
import site
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NOBODY = 65534

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc and what closes it")


def new_environment(folder: Path, *, at_start: str = "") -> Path:
    """Make a virtual environment that every user may run, and return its Python.

    `at_start`: a module that each of its processes imports first. Skips the test where all interpreters lie in
    somebody's home.
    """
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = next((path for path in _interpreters(name) if _is_open_to_all(path)), None)
    packages = [Path(path) for path in site.getsitepackages()]
    if found is None or not all(map(_is_open_to_all, [ROOT, *packages])):
        pytest.skip(f"no other user can run {name} or this checkout")
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(found)
    (folder / "pyvenv.cfg").write_text(f"home = {found.parent}\n", encoding="utf-8")
    there = folder / "lib" / name / "site-packages"
    there.mkdir(parents=True)
    lines = [str(ROOT), *map(str, packages), *([f"import {at_start}"] if at_start else [])]
    (there / "tests.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "bin" / "python"


def give(folder: Path) -> Path:
    """Make a folder that belongs to the ordinary user."""
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


async def start(*command: str, folder: Path, env: dict[str, str]) -> asyncio.subprocess.Process:
    """Start a command as an ordinary user."""
    is_root = os.geteuid() == 0
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        user=NOBODY if is_root else None,
        group=NOBODY if is_root else None,
        extra_groups=[] if is_root else None,
    )


def _interpreters(name: str) -> Iterator[Path]:
    for folder in (Path(sys.base_prefix) / "bin", Path("/usr/local/bin"), Path("/usr/bin")):
        path = (folder / name).resolve()
        if path.is_file():
            yield path


def _is_open_to_all(path: Path) -> bool:
    others = stat.S_IXOTH | stat.S_IROTH
    return path.stat().st_mode & others == others and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
    )
