"""The README says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings.model import Settings
from bot.slack.manifest import OPTIONAL_SCOPES, REQUIRED_SCOPES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.default
    if default is None or default == ():
        shown = ""
    elif isinstance(default, bool):
        shown = f"`{str(default).lower()}`"
    else:
        shown = f"`{default}`"
    return f"| `{name.upper()}` | {field.description} | {shown} |"


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_stands_in_the_table_as_it_is(name: str) -> None:
    assert _row(name) in README.splitlines(), f"the README's table wants this line: {_row(name)}"


def test_the_table_names_no_setting_that_is_gone() -> None:
    table = README.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE)) == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("scope", [*REQUIRED_SCOPES, *OPTIONAL_SCOPES])
def test_every_scope_is_explained(scope: str) -> None:
    assert f"`{scope}`" in README


def test_its_first_two_commands_are_demo_and_test() -> None:
    commands = [
        line.split("#")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
        for line in block.splitlines()
    ]
    assert commands[:2] == ["make demo", "make test"]


def test_every_file_it_points_to_is_there() -> None:
    root = Path(__file__).parents[2]
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / target).exists(), target
