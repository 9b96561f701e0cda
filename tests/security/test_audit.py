"""The look for known weaknesses: it fails where one is known, and never passes off "nobody could say" as good."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOT_CHECKED = 3
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


@pytest.mark.parametrize(
    "answer",
    [told(UNKNOWN), told(UNKNOWN, UNKNOWN), told(), "", "Traceback", "[]", "{}", "null", '{"dependencies": null}'],
)
def test_where_nobody_could_say_it_is_told_to_be_not_checked_and_not_to_be_good(verdict: Verdict, answer: str) -> None:
    code, (line,) = verdict(answer)
    assert code == NOT_CHECKED
    assert line.startswith("NOT CHECKED: ")
    assert "audited" not in line


class Place:
    """The script in a folder of its own, with a pip-audit that answers as a test says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / ".ci").mkdir()
        (folder / ".ci" / "audit.py").write_bytes((ROOT / ".ci" / "audit.py").read_bytes())
        (folder / ".ci" / "audit-requirements.txt").write_text("no-such-package==0\n", encoding="utf-8")
        (folder / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
        (folder / "requirements.txt").write_text("", encoding="utf-8")

    def installed(self, answer: str, *, status: int = 0) -> None:
        """Have pip-audit, which says this and ends so."""
        wanted = hashlib.sha256((self._folder / ".ci" / "audit-requirements.txt").read_bytes()).hexdigest()
        program = self._folder / ".venv-audit" / "bin" / "pip-audit"
        program.parent.mkdir(parents=True)
        (self._folder / ".venv-audit" / "made-from").write_text(wanted, encoding="utf-8")
        (self._folder / "answer").write_text(answer, encoding="utf-8")
        program.write_text(f"#!/bin/sh\ncat '{self._folder}/answer'\nexit {status}\n", encoding="utf-8")
        program.chmod(0o700)

    def audit(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run it, with no index to install anything from."""
        return subprocess.run(  # noqa: S603 - our own script
            command or (sys.executable, ".ci/audit.py"),
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PIP_NO_INDEX": "1", "PYTHON": sys.executable, "MAKEFLAGS": ""},
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("answer", "ended", "status"),
    [
        (told(GOOD, UNKNOWN), 0, 0),
        (told(GOOD, WEAK), 1, 1),
        (told(UNKNOWN), 0, NOT_CHECKED),
        ("", 1, NOT_CHECKED),
        ("Traceback (most recent call last):", 1, NOT_CHECKED),
    ],
    ids=["nothing known", "a weakness", "no package known", "broken down", "not readable"],
)
def test_it_ends_as_it_found_things(place: Place, answer: str, ended: int, status: int) -> None:
    place.installed(answer, status=ended)
    audited = place.audit()
    assert audited.returncode == status, audited.stderr
    assert ("NOT CHECKED" in audited.stdout) is (status == NOT_CHECKED)
    assert audited.stderr == ""


def test_where_pip_audit_cannot_be_installed_nothing_was_checked(place: Place) -> None:
    audited = place.audit()
    assert (audited.returncode, audited.stdout) == (NOT_CHECKED, "NOT CHECKED: pip-audit could not be installed.\n")


def test_make_audit_tells_the_verdict_and_does_not_pass_for_good_what_was_not_checked(place: Place) -> None:
    place.installed(told(UNKNOWN))
    audited = place.audit("make", "audit")
    assert audited.returncode == 2, "make's own for whatever was not 0"
    assert "NOT CHECKED: the data about weaknesses could not be reached" in audited.stdout
    assert "Error 3" in audited.stderr


def test_every_commit_is_audited() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert '\npart_if_it_can_be "known weaknesses" "${PYTHON:-python3}" .ci/audit.py\n' in run
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\n\t$(PYTHON) .ci/audit.py\n" in makefile
    assert "pip install" not in makefile, "tests/house/test_set_up.py asks whether what installs checks the hashes"


def test_only_what_says_so_itself_may_be_left_unchecked() -> None:
    """Of other programs 3 is a failure, of pytest for one."""
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^part_if_it_can_be (.*)", run, re.MULTILINE) == [
        '"known weaknesses" "${PYTHON:-python3}" .ci/audit.py'
    ]
    assert "\n. .ci/parts.sh\n" in run


def ran(*lines: str) -> tuple[int, list[str], str]:
    """Run such parts as `.ci/run` does: the status, the lines of the summary without the seconds, and the rest."""
    script = "\n".join(["set -euo pipefail", ". .ci/parts.sh", *lines])
    ended = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
    before, _, summary = ended.stdout.partition("\n== summary, after ")
    told = [re.sub(r" +\d+ s  ", " ", line) for line in summary.splitlines()[1:]]
    assert all(re.search(r" \d+ s  ", line) for line in summary.splitlines()[1:] if not line.startswith("It ends"))
    return ended.returncode, told, before


def test_the_summary_tells_what_became_of_each_part() -> None:
    status, told, before = ran(
        "part tests echo tested", "part_if_it_can_be 'known weaknesses' sh -c 'exit 3'", "part demo true"
    )
    assert status == 0
    assert told == ["passed tests", "NOT CHECKED known weaknesses", "passed demo"]
    assert "== tests\ntested\n" in before


@pytest.mark.parametrize("part", ["part", "part_if_it_can_be"])
def test_a_part_that_fails_ends_it_with_its_status_and_the_summary(part: str) -> None:
    status, told, before = ran("part tests true", f"{part} types sh -c 'exit 7'", "part demo echo never")
    assert status == 7
    assert told == ["passed tests", "FAILED (7) types", "It ends here, with status 7."]
    assert "never" not in before


def test_a_known_weakness_ends_it() -> None:
    status, told, _ = ran("part_if_it_can_be 'known weaknesses' sh -c 'exit 1'", "part demo true")
    assert (status, told) == (1, ["FAILED (1) known weaknesses", "It ends here, with status 1."])


def test_a_part_that_must_be_checked_fails_where_it_ends_as_if_it_could_not_be() -> None:
    status, told, _ = ran("part tests sh -c 'exit 3'")
    assert (status, told) == (3, ["FAILED (3) tests", "It ends here, with status 3."])


def test_what_fails_between_the_parts_ends_it_with_a_summary_too() -> None:
    status, told, _ = ran("part tests true", "false", "part demo true")
    assert (status, told) == (1, ["passed tests", "It ends here, with status 1."])


def test_what_audits_is_pinned_and_hashed_like_the_rest() -> None:
    lines = (ROOT / ".ci" / "audit-requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    assert any(line.startswith("pip-audit==") for line in lines)
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
