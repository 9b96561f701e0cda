"""Every sentence that people can meet in Slack stands in one of two places: ours, and the transcribers'."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcription import remarks

ROOT = Path(__file__).parents[2]

PLACES = {"handlers/words.py", "transcription/remarks.py"}

FOR_OPERATORS = {
    "bot/__main__.py",
    "bot/catalog.py",
    "bot/cli/database_commands.py",
    "bot/cli/demo.py",
    "bot/cli/demo_page.py",
    "bot/cli/demo_view.py",
    "bot/cli/doctor.py",
    "bot/cli/doctor_many.py",
    "bot/cli/job_commands.py",
    "bot/metrics.py",
    "bot/cli/errors.py",
    "bot/web/scrape.py",
    "bot/settings/model.py",
    "bot/cli/one_recording.py",
    "bot/cli/transcribe_command.py",
    "bot/cli/transcript_files.py",
    "bot/cli/model_commands.py",
}
"""What these say is read in a terminal or on a dashboard by whoever runs the bot."""

SENTENCE = re.compile(r"[A-Z][a-z]+,? [a-z]+,? .*")
"""How people are spoken to: a capital letter, then more words. Messages of exceptions begin with a small one."""

TOLD_TO_A_MODEL = {"Hello. Welcome. Let us begin."}
"""What Whisper is told to follow on; nobody reads it."""


def literals(path: Path) -> Iterator[str]:
    """The texts in a module, but for what only those read who read the code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    remarks_in_code = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in remarks_in_code:
            yield node.value.strip()


def modules() -> list[str]:
    paths = [path for package in ("bot", "handlers", "transcription") for path in (ROOT / package).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


@pytest.mark.parametrize("name", [name for name in modules() if name not in PLACES | FOR_OPERATORS])
def test_nobody_is_spoken_to_from_anywhere_else(name: str) -> None:
    assert [text for text in literals(ROOT / name) if SENTENCE.fullmatch(text) and text not in TOLD_TO_A_MODEL] == []


@pytest.mark.parametrize("name", sorted(PLACES))
def test_the_look_for_sentences_sees_those_that_are_there(name: str) -> None:
    assert len([text for text in literals(ROOT / name) if SENTENCE.fullmatch(text)]) > 5


def test_the_exceptions_are_modules() -> None:
    assert set(modules()) >= PLACES | FOR_OPERATORS


REMARKS = [value for name, value in vars(remarks).items() if name.isupper()] + [remarks.too_long("4 hours")]
EXPLANATIONS = [remark for remark in REMARKS if isinstance(remark, remarks.Explanation)]
TEXTS = [
    *(remark for remark in REMARKS if isinstance(remark, str)),
    *(explanation.in_slack for explanation in EXPLANATIONS),
    *(explanation.on_command_line for explanation in EXPLANATIONS),
]


@pytest.mark.parametrize("explanation", EXPLANATIONS)
def test_on_the_command_line_nobody_is_told_to_share_anything(explanation: remarks.Explanation) -> None:
    assert explanation.in_slack.startswith(f"{explanation.fact} ")
    assert "share" not in explanation.on_command_line.lower()


@pytest.mark.parametrize("sentence", TEXTS)
def test_transcribers_have_people_told_in_plain_sentences(sentence: str) -> None:
    assert sentence.endswith(".")
    assert "  " not in sentence
    assert not re.search(r"[_*`<>{}~]", sentence)
