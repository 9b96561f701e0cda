"""The pages that tell the whole are true: states, rooms, and every name that they place in a module."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from storage.job import MOVES, JobState

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
BY_PEOPLE = {(JobState.REPLIED, JobState.RECEIVED), (JobState.ABANDONED, JobState.RECEIVED)}
"""Retries and reruns (`storage.reruns`), which no worker may save."""


def test_the_diagram_has_every_move_of_a_job_and_no_other() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", PAGE, re.MULTILINE))
    assert drawn == {(before, after) for before, those in MOVES.items() for after in those} | BY_PEOPLE


def test_the_table_tells_of_every_move_that_is_drawn() -> None:
    told, sources = set[tuple[str, str]](), list[str]()
    for first, second in re.findall(r"^\| ([\w ,()]*)\| (\w+) \|", PAGE, re.MULTILINE):
        sources = re.findall(r"\b(?:" + "|".join(JobState) + r")\b", first) or sources
        told |= {(source, second) for source in sources if second in set(JobState)}
    assert {(before, after) for before, those in MOVES.items() for after in those} | BY_PEOPLE == told


def test_the_rooms_stand_above_each_other_as_the_contract_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {each["name"]: each for each in project["tool"]["importlinter"]["contracts"]}
    layers = contracts["The rooms of bot stand above each other"]["layers"]
    [drawn] = re.findall(r"```\n(__main__ >.*?)```", PAGE, re.DOTALL)
    assert [set(floor.split(", ")) for floor in " ".join(drawn.split()).split(" > ")] == [
        set(floor.split(" | ")) for floor in layers
    ]


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").glob("*.md"), key=str), ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name
)
def test_what_a_page_places_in_a_module_is_defined_there(page: Path) -> None:
    placed = re.findall(r"`((?:\w+/)+\w+\.py): (\w+)`", page.read_text(encoding="utf-8"))
    missing = [f"{path}: {name}" for path, name in placed if name not in _defined(ROOT / path)]
    assert missing == []


def _defined(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return functions | stored
