"""The words of docs/glossary.md: names are the field's, a name means one thing, and what documents name is there."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "handlers", "storage", "transcription")
PACKAGES = (*PRODUCT, "sandbox", "benchmarks")

BANNED = {
    "afterwards": "followups",
    "again": "rerun, retry or request",
    "anew": "rerun",
    "asker": "actor",
    "asking": "responses",
    "backstage": "services",
    "bell": "signal",
    "behaviour": "options",
    "doings": "actions",
    "door": "dependency, server or route",
    "doors": "dependencies",
    "errand": "background task",
    "errands": "background tasks",
    "exchange": "token rotation",
    "hands": "interactions or threads",
    "holding": "backpressure",
    "knock": "call",
    "knocking": "load client",
    "look": "poll, search or watch",
    "looker": "actor",
    "looking": "polling",
    "looks": "polls",
    "mishap": "fault or SDK error",
    "mishaps": "faults",
    "moments": "timestamps",
    "patiently": "with retry",
    "politely": "respond",
    "presence": "gaps",
    "renewal": "token rotation",
    "seal": "encrypt",
    "sealed": "encrypted",
    "seals": "cipher",
    "spending": "quotas",
    "steering": "job actions",
    "stumbled": "failed",
    "tidy": "finish",
    "visitor": "actor",
    "wanted": "options",
    "whose": "owner or installation",
    "wish": "hints, options or request",
    "wishes": "hints",
}
"""Words that no public name has in it, and what stands in their place."""

ALLOWED = {
    "look": "the second part of the pattern note, look, act, note (`bot.worker.effects.once`)",
    "looks_after": "whether a person is an admin or the creator of a channel",
    "whose": "the private metadata of the settings' modal keeps its spelling",
    "soonest_look": "the setting SOONEST_LOOK keeps its spelling",
}
"""Names that keep such a word, each with its reason."""

ONE_OF_EACH_KIND = {
    "FORM": "the callback id of each modal",
    "form": "each modal's view",
    "read_status": "each provider's answer to a poll",
    "read_ticket": "each provider's ticket",
}
"""Names that several modules define for the same thing of each kind, and that are imported without their module."""


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def _words(name: str) -> set[str]:
    """The words of a name, `snake_case` or `CamelCase`."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {part.lower() for part in parts}


def _public_names(path: Path) -> Iterator[str]:
    """The module's own name, and everything that it, its classes and their fields call by a public name.

    What a caller has to write counts as well: the parameters of a public function.
    """
    yield path.stem
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for node in (node for body in bodies for node in body):
        match node:
            case ast.FunctionDef(name=name, args=args) | ast.AsyncFunctionDef(name=name, args=args):
                yield name
                if not name.startswith("_") or name in {"__init__", "__call__"}:
                    yield from (each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs))
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=lambda path: str(path.relative_to(ROOT)))
def test_public_names_are_in_the_fields_words(path: Path) -> None:
    names = {name for name in _public_names(path) if not name.startswith("_") and name not in ALLOWED}
    found = {name: BANNED[word] for name in names for word in _words(name) & BANNED.keys()}
    assert found == {}, "say it in the words of docs/glossary.md"


def test_a_public_name_is_defined_once() -> None:
    """Classes and types: with functions it is the module that tells them apart (`handlers.audio.register`)."""
    places = defaultdict[str, set[str]](set)
    for path in modules(*PRODUCT):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.ClassDef(name=name):
                    places[name].add(str(path.relative_to(ROOT)))
                case ast.Assign(targets=[ast.Name(id=name)]) if name[0].isupper() and not name.isupper():
                    places[name].add(str(path.relative_to(ROOT)))
    twice = {name: sorted(where) for name, where in places.items() if len(where) > 1 and not name.startswith("_")}
    assert twice == {}


def test_a_name_that_is_imported_without_its_module_means_one_thing() -> None:
    """Functions and constants, too: their modules tell `jobs.add` and `exports.add` apart, but not two `add`."""
    paths = modules(*PRODUCT)
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in names.items()}
    defined = {name: {one for node in tree.body for one in _defined_by(node)} for name, tree in trees.items()}
    imported = defaultdict[str, set[str]](set)
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        if isinstance(node, ast.ImportFrom) and node.module in defined:
            for alias in node.names:
                if alias.name in defined[node.module] and not alias.name.startswith("_"):
                    imported[alias.asname or alias.name].add(node.module)
    several = {name: sorted(where) for name, where in imported.items() if len(where) > 1}
    assert len(imported) > 500, "it sees imports"
    assert {name: where for name, where in several.items() if name not in ONE_OF_EACH_KIND} == {}
    assert ONE_OF_EACH_KIND.keys() <= several.keys(), "an exception that is not needed any more"


def _defined_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    return []


DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_document_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    packages = "|".join((*PACKAGES, "tests", "docs", "tools", "deploy"))
    named = set(re.findall(rf"(?<![\w/.-])((?:{packages})/[\w/.-]*\w)", text))
    missing = {
        path for path in named if not (ROOT / path).exists() and "*" not in path and not list(ROOT.glob(f"{path}*"))
    }
    assert missing == set()


def test_every_name_of_the_glossary_is_defined() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("## Words that were replaced")[0]
    named = {name for row in text.splitlines() for name in re.findall(r"`([A-Z]\w+)(?:\.\w+)?`", row)}
    defined = {name for path in modules(*PRODUCT) for name in _public_names(path)}
    assert len(named) > 8
    assert named - defined == set()
