"""The previous release: its packages and its storage tests, to run against the current code.

`python -m tests.released.before COMMIT` extracts them from the git history; the archive and `COMMIT` below are
committed.
"""

from __future__ import annotations

import io
import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

COMMIT = "cbb210ca81c460e9d2aff7000dc3683437fe89f1"

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
SCHEMA = Path("storage") / "schema"

TAKEN = (
    "bot",
    "handlers",
    "storage",
    "transcription",
    "tests/storage",
    "tests/bot/prepared.py",
    "tests/conftest.py",
    "tests/postgresql.py",
    "sandbox/__init__.py",
    "sandbox/ports.py",
)
"""What is taken of a commit: the product, and what the tests of its storage need."""


def archive(commit: str = COMMIT) -> Path:
    """The file that holds what was taken of the commit."""
    return FOLDER / f"{commit[:7]}.tar.xz"


def unpack(folder: Path, *, schema: Path | None = None) -> Path:
    """Put the release before into `folder`, and say where it is; with the files of `schema` in the place of its own."""
    for name, content in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if schema is not None:
        for file in (folder / SCHEMA).glob("*.sql"):
            file.unlink()
        for file in schema.glob("*.sql"):
            (folder / SCHEMA / file.name).write_bytes(file.read_bytes())
    return folder


def contents() -> dict[str, bytes]:
    """What the archive holds, by path."""
    with tarfile.open(archive()) as packed:
        return _files(packed)


def in_history(commit: str = COMMIT) -> dict[str, bytes] | None:
    """The same of the commit itself; None where there is no history, or not so much of it."""
    told = _git("archive", "--format=tar", commit, "--", *TAKEN)
    if told is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(told)) as packed:
        return _files(packed)


def _git(*arguments: str) -> bytes | None:
    try:
        ended = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607 - ours
    except FileNotFoundError:
        return None
    return ended.stdout if ended.returncode == 0 else None


def _files(packed: tarfile.TarFile) -> dict[str, bytes]:
    opened = {member.name: packed.extractfile(member) for member in packed.getmembers() if member.isfile()}
    return {name: file.read() for name, file in opened.items() if file is not None}


def pack(files: dict[str, bytes], target: Path) -> None:
    """Write an archive that is the same whenever and wherever it is made of the same files."""
    with (
        lzma.open(target, "wb", preset=9 | lzma.PRESET_EXTREME) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as packed,
    ):
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            packed.addfile(member, io.BytesIO(files[name]))


def main(commit: str) -> None:
    """Take what is needed of a commit."""
    whole = _git("rev-parse", "--verify", f"{commit}^{{commit}}")
    files = in_history(commit)
    if whole is None or files is None:
        sys.exit(f"there is no commit {commit} here")
    pack(files, archive(whole.decode().strip()))


if __name__ == "__main__":
    main(sys.argv[1])
