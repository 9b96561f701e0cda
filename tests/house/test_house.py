"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "handlers", "storage", "transcription", "sandbox")

LONGEST = 300
LONGER_FOR_A_REASON = {"handlers/words.py": "every sentence that people can meet stands in one place"}
"""Modules above `LONGEST` lines, each with the reason why it is not two."""

# Put together here, so that this file does not hold what it looks for.
HOMES = ("home", "Users", "root", "work", "workspace", "builds", "github", "mnt", "private", "srv")
MACHINE = re.compile(rb"(?<![\w.~$}%/*-])/(?:" + "|".join(HOMES).encode() + rb")/[\w.-]+|\b[A-Z]:\\" + rb"Users\\")
INDEX_HOSTS = (
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("py", "pi.python.org"),
    ("registry.npm", "js.org"),
    ("conda.", "anaconda.org"),
    ("j", "frog.io"),
    ("arti", "factory"),
    ("dev", "pi."),
    ("nexus", "/repository"),
    ("codeartifact", "."),
)
INDEX_OPTIONS = (("--index", "-url"), ("--extra-index", "-url"), ("--find", "-links"), ("--trusted", "-host"))
INDEX = re.compile(
    rb"|".join(re.escape("".join(parts).encode()) for parts in (*INDEX_HOSTS, *INDEX_OPTIONS)), re.IGNORECASE
)


def tracked() -> list[Path]:
    async def ask() -> bytes:
        process = await asyncio.create_subprocess_exec(
            "git", "ls-files", "-z", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, "this test reads the list of files from git"
        return said

    files = [ROOT / name for name in asyncio.run(ask()).decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def finds(pattern: re.Pattern[bytes]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}: {found.group().decode()}"
        for file in tracked()
        for found in pattern.finditer(file.read_bytes())
    ]


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements() -> list[str]:
    return sorted(path.name for path in ROOT.glob("requirements*.txt"))


def logical_lines(text: str) -> list[str]:
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def test_there_is_something_to_look_at() -> None:
    assert {"pyproject.toml", "bot/app.py"} <= {name_of(path) for path in tracked()}
    assert len(modules()) > 50


@pytest.mark.parametrize(
    "line",
    ["see /ho" + "me/amara/bot", "sys.path = '/Us" + "ers/amara'", 'x = "/wo' + 'rk/main"', "C:\\Us" + "ers\\amara"],
)
def test_the_look_for_paths_sees_them(line: str) -> None:
    assert MACHINE.search(line.encode())


@pytest.mark.parametrize(
    "line", ["https://host/path", "docs/home/page", "/var/lib/threadscribe", "a/work/b", "$HOME/x"]
)
def test_the_look_for_paths_leaves_others_alone(line: str) -> None:
    assert not MACHINE.search(line.encode())


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert finds(MACHINE) == []


def test_no_file_names_the_host_of_a_package_index() -> None:
    assert finds(INDEX) == []


def test_no_module_is_longer_than_can_be_read_at_one_sitting() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    longer = {name: length for name, length in lengths.items() if length > LONGEST}
    assert sorted(longer) == sorted(LONGER_FOR_A_REASON), longer


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_module_says_where_it_stands(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "a module's docstring says in a line or two where it stands in the flow"
    first = docstring.splitlines()[0]
    assert first[-1] in ".:", "its first line is a sentence"


def test_every_package_is_one() -> None:
    folders = {path.parent for path in modules()}
    missing = [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()]
    assert missing == []


def test_every_dependency_has_a_reason() -> None:
    lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()]
    described = project()
    wanted = [*described["project"]["dependencies"], *described["dependency-groups"]["dev"]]
    wanted += [name for group in described["project"].get("optional-dependencies", {}).values() for name in group]
    for dependency in wanted:
        above = lines[lines.index(f'"{dependency}",') - 1]
        assert re.fullmatch(r"# .{15,}", above), f"{dependency}: the line above says why it is there"


def test_every_dependency_is_bounded_above() -> None:
    described = project()["project"]
    extras = [name for group in described["optional-dependencies"].values() for name in group]
    for dependency in [*described["dependencies"], *extras]:
        assert re.search(r">=[^,]+,<", dependency), f"{dependency}: a new major version is a decision"


def test_the_lists_of_requirements_are_there() -> None:
    assert {"requirements.txt", "requirements-dev.txt", "requirements-setup.txt"} <= set(requirements())


@pytest.mark.parametrize("name", requirements())
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    lines = logical_lines((ROOT / name).read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,-]+\])?==[^ ]+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("name", [name for name in requirements() if "weights" not in name and "setup" not in name])
def test_every_dependency_of_the_product_is_locked(name: str) -> None:
    locked = {line.split("==")[0] for line in logical_lines((ROOT / name).read_text(encoding="utf-8"))}
    wanted = {re.split(r"[>=<\[ ]", dependency)[0].lower() for dependency in project()["project"]["dependencies"]}
    assert wanted <= locked


CONNECTS = re.compile(r"sqlite3\.connect\b|sqlite3\.Connection\(|from sqlite3 import|import sqlite3 as|sqlite3\.dbapi2")


def test_sqlite_is_opened_where_a_thread_of_its_own_is_waiting_for_it() -> None:
    """By aiosqlite's thread, by the question whether this SQLite can search at all, and by the backup."""
    opening = {
        f"{name_of(path)}: {function.name}"
        for path in modules()
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(
            ast.unparse(call.func) == "sqlite3.connect" for call in ast.walk(function) if isinstance(call, ast.Call)
        )
    }
    mentioned = {name_of(path) for path in modules() if CONNECTS.search(path.read_text(encoding="utf-8"))}
    assert opening == {
        "storage/backup.py: _copy",
        "storage/sqlite.py: refuse_without_search",
        "storage/sqlite_connection.py: __call__",
    }
    assert mentioned == {place.partition(":")[0] for place in opening}, "by another name, or outside of a function"


UNUSED = (
    "av",
    "numpy",
    "pocketsphinx",
    "psycopg",
    "httpx",
    "cryptography",
    "sandbox",
    "bot.cli.demo",
    "faster_whisper",
    "ctranslate2",
    "onnxruntime",
    "tokenizers",
    "transcription.models.hub",
)
"""What a bot with SQLite, before its first recording and without a provider, has no use for."""


def test_a_bot_imports_nothing_that_it_does_not_use() -> None:
    program = "import sys; import bot.__main__, bot.app, bot.logs; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves

    loaded = said.stdout.split()
    assert "structlog" in loaded
    assert [name for name in loaded for unused in UNUSED if name == unused or name.startswith(f"{unused}.")] == []
