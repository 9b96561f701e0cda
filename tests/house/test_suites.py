"""What `make test` leaves out is known by names that exist, and the rest keeps README's promises."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.suites import LEFT_OUT, THOROUGH, is_thorough

TESTS = Path(__file__).parents[1]

PROMISES = {
    "Nothing is lost": "journeys/test_killed.py",
    "Caught up": "journeys/test_catching_up.py",
    "One reply": "journeys/test_main_job.py",
    "Every recording": "journeys/test_what_is_picked_up.py",
    "Name the speakers": "journeys/test_naming.py",
    "Correct a word": "journeys/test_correcting.py",
    "A page of your own": "journeys/test_home.py",
    "In your hands": "journeys/test_job_actions.py",
    "As the channel likes it": "journeys/test_settings.py",
    "Take it along": "journeys/test_exporting.py",
    "Found again": "journeys/test_search.py",
    "It says where the sound goes": "journeys/test_first_transcript.py",
    "Deleted is deleted": "journeys/test_forgetting.py",
    "The least access": "bot/slack/test_manifest.py",
    "Your choice of transcriber": "journeys/test_gowajee.py",
}
"""By the first words of each of README's promises: where its journey is."""


def names_in(file: str) -> set[str]:
    """The names of a file's tests."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in found if node.name.startswith("test_")}


@pytest.mark.parametrize("file", sorted(THOROUGH))
def test_what_stays_of_a_thorough_file_is_named_as_it_is(file: str) -> None:
    names = names_in(file)
    assert THOROUGH[file] <= names
    assert THOROUGH[file] != names, "then nothing of it is thorough"


@pytest.mark.parametrize("file", sorted(LEFT_OUT))
def test_what_is_left_out_of_a_file_is_named_as_it_is(file: str) -> None:
    assert LEFT_OUT[file] < names_in(file)
    assert file not in THOROUGH


def test_readme_promises_what_is_listed_here() -> None:
    readme = (TESTS.parent / "README.md").read_text(encoding="utf-8").partition("## Try it")[0]
    bold = [line[4:].partition("**")[0].rstrip(".:") for line in readme.splitlines() if line.startswith("- **")]
    assert bold == list(PROMISES)


@pytest.mark.parametrize("promise", sorted(PROMISES))
def test_each_promise_of_readme_keeps_a_journey_in_the_quick_suite(promise: str) -> None:
    file = PROMISES[promise]
    assert [name for name in names_in(file) if not is_thorough(file, name)]
