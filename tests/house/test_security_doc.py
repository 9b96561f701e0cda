"""The page about security proves what it says: every line of its table names tests, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bot.settings.model import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


PROOFS = rows("What holds, and the proof")


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_table_is_read() -> None:
    assert len(PROOFS) > 30
    assert all(len(row) == 3 for row in PROOFS)


@pytest.mark.parametrize("row", PROOFS, ids=lambda row: row[0])
def test_every_line_says_what_holds_it_and_names_tests_that_exist(row: list[str]) -> None:
    threat, holds, proof = row
    assert threat
    assert holds
    named = TEST.findall(proof)
    assert named, "a line without a test is a hope"
    assert TEST.sub("", proof).strip(", ") == ""
    for path, name in named:
        assert name in names_in(path), f"{path} has no {name}"


def test_no_threat_stands_there_twice() -> None:
    threats = [row[0] for row in PROOFS]
    assert len(set(threats)) == len(threats)


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "security").glob("test_*.py")), ids=lambda path: path.stem)
def test_every_attack_that_is_tried_stands_in_the_table(path: Path) -> None:
    assert f"`{path.relative_to(ROOT).as_posix()}::" in PAGE


def test_every_secret_has_a_way_to_be_changed() -> None:
    secret = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    assert len(secret) >= 7
    told = {name for row in rows("How to change one") for name in re.findall(r"`([A-Z_]+)`", row[0])}
    assert secret <= told


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/security.md"])
def test_every_file_it_points_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert targets
    for target in targets:
        assert ((ROOT / page).parent / target).exists(), target


def test_a_weakness_is_reported_in_private() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private vulnerability reporting" in policy
    assert "@" not in policy, "no invented address"
