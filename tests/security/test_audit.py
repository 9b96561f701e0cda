"""The look for known weaknesses: it fails where one is known, and never passes off "nobody could say" as good."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Verdict = Callable[[str], tuple[int, list[str]]]

GOOD = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WEAK = {
    "name": "yarl",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-0", "fix_versions": ["1.1", "2.0"], "aliases": [], "description": "long"}],
}
UNMENDED = {"name": "av", "version": "18.1", "vulns": [{"id": "GHSA-x", "fix_versions": []}]}
UNKNOWN = {"name": "click", "skip_reason": "Dependency not found and could not be audited: click (8.5)"}


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    found = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    made: Verdict = module.verdict
    return made


def told(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_nothing_known_is_good(verdict: Verdict) -> None:
    assert verdict(told(GOOD)) == (0, ["1 packages audited, 0 weaknesses known."])


def test_a_known_weakness_fails_and_is_named_with_what_mends_it(verdict: Verdict) -> None:
    code, lines = verdict(told(GOOD, WEAK, UNMENDED, UNKNOWN))
    assert code == 1
    assert lines == [
        "yarl 1.0: PYSEC-0, mended in 1.1 or 2.0",
        "av 18.1: GHSA-x, mended in no release yet",
        "Nothing is known of click.",
        "3 packages audited, 2 weaknesses known.",
    ]


@pytest.mark.parametrize("answer", [told(UNKNOWN), told(UNKNOWN, UNKNOWN), told(), "", "Traceback", "[]", "{}", "null"])
def test_where_nobody_could_say_it_is_told_to_be_skipped_and_not_to_be_good(verdict: Verdict, answer: str) -> None:
    code, (line,) = verdict(answer)
    assert code == 0
    assert line.startswith("AUDIT SKIPPED: ")
    assert "audited" not in line


def test_every_commit_is_audited() -> None:
    assert "\nmake audit\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\n\t$(PYTHON) .ci/audit.py\n" in makefile
    assert makefile.count("--require-hashes") >= 1


def test_what_audits_is_pinned_and_hashed_like_the_rest() -> None:
    lines = (ROOT / ".ci" / "audit-requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    assert any(line.startswith("pip-audit==") for line in lines)
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
