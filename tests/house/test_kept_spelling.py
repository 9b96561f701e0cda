"""What others hold keeps its spelling, whatever is renamed in the code: it is compared with the release before.

Operators hold settings, commands, options, routes and metrics. Slack holds the ids of buttons, modals, fields and
shortcuts, the metadata of messages and the values of menus. The database holds states, reasons and keys of JSON.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bot.worker.steps.intent import Intent
from bot.worker.steps.progress import ProgressMessage
from handlers.export_modal import ExportContext
from handlers.job_actions import RerunContext
from handlers.naming_modal import NamingContext
from handlers.preferences_modal import PreferencesContext
from tests.released.before import contents
from transcription.botlhale.form import UploadForm
from transcription.gowajee.wire import Plan
from transcription.transcript import Speaker, Transcript, Turn

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "handlers", "storage", "transcription")

IDENTIFIER = re.compile(r"[a-z][a-z0-9]*([_.:-][a-z0-9]+)*")
ROUTE = re.compile(r"/[a-z][\w/{}.-]*")
METRIC = re.compile(r"threadscribe_\w+")
OPTION = re.compile(r"--[a-z][\w/-]*")

NOBODY_HOLDS = {
    "commandline": "the key of a recording on the command line, for as long as it is transcribed",
    "external": "Slack's; a file's mode is read in `handlers.shared_files` now",
    "gowajee_reference_speakers": "the name of a validator's field; the setting is there",
    "hidden_by_limit": "Slack's; see `external`",
    "made": "a key of the naming modal's metadata, a field of its model now",
    "rich": "a module",
    "sandbox-webhook-token-0123456789": "the demo's, which draws another one for each run now",
    "structlog": "a module",
    "waiting": "a word of `/transcripts` for a state",
    "xb": "the mode of an open file",
    "you": "a phrase",
}
"""Identifiers in strings of the release before that are in none any more, each with the reason why that is harmless."""

STORED = {
    "bot/steps/intent.py: Intent": Intent,
    "bot/steps/progress.py: Progress": ProgressMessage,
    "transcription/transcript.py: Transcript": Transcript,
    "transcription/transcript.py: Turn": Turn,
    "transcription/transcript.py: Speaker": Speaker,
    "transcription/botlhale_form.py: Form": UploadForm,
    "transcription/gowajee_wire.py: Plan": Plan,
}
"""Classes of the release before whose fields are keys of JSON in the database, and what reads that now."""

REMEMBERED = {
    ExportContext: {"job", "channel"},
    NamingContext: {"job", "version", "made"},
    PreferencesContext: {"kind", "whose", "version"},
    RerunContext: {"job", "retried"},
}
"""What is in the private metadata of a modal that the release before has opened, by the class that reads it now."""

Trees = dict[str, ast.Module]


@cache
def before() -> Trees:
    return {
        name: ast.parse(content)
        for name, content in contents().items()
        if name.endswith(".py") and name.split("/")[0] in PRODUCT
    }


@cache
def now() -> Trees:
    paths = [path for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def texts(trees: Trees) -> set[str]:
    """Every text in the code but docstrings."""
    return {text for tree in trees.values() for text in _texts_in(tree)}


def _texts_in(tree: ast.Module) -> Iterator[str]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def fields(trees: Trees, *, of: str) -> set[str]:
    """The annotated fields of the class with this name that has most of them."""
    found = [
        {each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)}
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == of
    ]
    return max(found, key=len)


def commands(trees: Trees) -> set[str]:
    """The names of the commands and groups of the command line."""
    return {name for tree in trees.values() for node in ast.walk(tree) for name in _command(node)}


def _command(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith((".command", ".group")):
                named = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
                yield str(named[0]) if named else node.name.replace("_", "-")


def values(trees: Trees) -> set[str]:
    """The values of all enumerations: states, reasons, formats, recipients."""
    return {
        repr(each.value.value)
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases)
        for each in node.body
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
    }


def matching(pattern: re.Pattern[str], trees: Trees) -> set[str]:
    return {text for text in texts(trees) if pattern.fullmatch(text)}


@pytest.mark.parametrize("known", STORED)
def test_keys_of_json_in_the_database(known: str) -> None:
    path, _, name = known.partition(": ")
    held = fields({path: before()[path]}, of=name)
    assert held
    assert held - _fields_of(STORED[known]) == set()


@pytest.mark.parametrize("context", REMEMBERED)
def test_what_a_modal_remembers(context: type[BaseModel]) -> None:
    assert REMEMBERED[context] - context.model_fields.keys() == set()


def _fields_of(kind: Any) -> set[str]:
    return set(kind.model_fields) if issubclass(kind, BaseModel) else {field.name for field in dataclasses.fields(kind)}


def test_settings() -> None:
    assert len(fields(before(), of="Settings")) > 60
    assert fields(before(), of="Settings") - fields(now(), of="Settings") == set()


def test_commands() -> None:
    assert {"doctor", "run", "jobs", "copy-database"} <= commands(before())
    assert commands(before()) - commands(now()) == set()


def test_values_of_enumerations() -> None:
    assert len(values(before())) > 30
    assert values(before()) - values(now()) == set()


@pytest.mark.parametrize(
    ("pattern", "among"),
    [
        (ROUTE, {"/slack/events", "/webhooks/{provider}", "/healthz"}),
        (METRIC, {"threadscribe_jobs"}),
        (OPTION, {"--public-url", "--only"}),
    ],
    ids=["routes", "metrics", "options"],
)
def test_what_operators_hold(pattern: re.Pattern[str], among: set[str]) -> None:
    assert among <= matching(pattern, before())
    assert matching(pattern, before()) - matching(pattern, now()) == set()


def test_every_identifier_in_a_text() -> None:
    """Ids of buttons, modals and fields, types of metadata, values of menus, keys of JSON, columns: all are texts."""
    held = matching(IDENTIFIER, before())
    assert {"retry_recording", "name_speakers_form", "threadscribe_reply", "vocabulary", "replied"} <= held
    gone = held - matching(IDENTIFIER, now())
    assert gone - NOBODY_HOLDS.keys() == set()
    assert NOBODY_HOLDS.keys() - gone == set(), "it is there again"
