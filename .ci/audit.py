"""Asks whether a weakness is known of anything that we require: status 1 if so, 0 if not, 3 where nobody can say.

pip-audit works in an environment of its own, so that its own requirements stay out of ours. Where the data about
weaknesses cannot be reached it says "not found" of every package and ends well; that is told here as what it is: not
checked. `make audit` ends with a status of make's own for 1 and for 3, so `.ci/run` calls this by itself.
"""
# ruff: noqa: INP001 - a script beside the steps that call it

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".venv-audit"
ITS_OWN = ROOT / ".ci" / "audit-requirements.txt"
OURS = ROOT / "requirements-offline.txt"
"""Everything in `requirements.txt`, and what the offline engine adds."""

PATIENCE = 120
"""Seconds for each of the two: to install pip-audit, and to ask."""

GOOD, WEAK, NOT_CHECKED = 0, 1, 3
"""How it ends; 2 is what Python and make have for mistakes of their own."""

UNREACHED = "NOT CHECKED: the data about weaknesses could not be reached"


def verdict(answer: str) -> tuple[int, list[str]]:
    """The status to end with and what to say, from what pip-audit wrote with `--format json`."""
    try:
        told = list(json.loads(answer)["dependencies"])
    except (ValueError, KeyError, TypeError):
        return NOT_CHECKED, [f"{UNREACHED}."]
    known = [package for package in told if "vulns" in package]
    unknown = [package["name"] for package in told if "vulns" not in package]
    if not known:
        return NOT_CHECKED, [f"{UNREACHED}: it knows none of the packages."]
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in {' or '.join(fixes) or 'no release yet'}"
        for package in known
        for weakness in package["vulns"]
        for fixes in [weakness.get("fix_versions") or []]
    ]
    unasked = [f"Nothing is known of {', '.join(unknown)}."] if unknown else []
    told_of = [*found, *unasked, f"{len(known)} packages audited, {len(found)} weaknesses known."]
    return (WEAK if found else GOOD), told_of


def install() -> bool:
    """Have pip-audit ready in `HOME`, anew where its requirements changed; False where it cannot be had."""
    wanted = hashlib.sha256(ITS_OWN.read_bytes()).hexdigest()
    stamp = HOME / "made-from"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return True
    shutil.rmtree(HOME, ignore_errors=True)
    try:
        venv.create(HOME, with_pip=True)
    except (OSError, subprocess.SubprocessError):  # a Python without ensurepip, or a disk without room
        return False
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(ITS_OWN)]
    if _run(str(HOME / "bin" / "python"), "-m", "pip", "install", *options) is None:
        return False
    stamp.write_text(wanted, encoding="utf-8")
    return True


def ask() -> str:
    """What pip-audit says; empty where it broke down."""
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    return _run(str(HOME / "bin" / "pip-audit"), "-r", str(OURS), *options, fails=True) or ""


def _run(*command: str, fails: bool = False) -> str | None:
    """Standard output; None where it could not be run, took too long or failed, unless failing is how it answers."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own words
            command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if fails or ended.returncode == 0 else None


def main() -> int:
    """Audit; the status to end with."""
    if not install():
        sys.stdout.write("NOT CHECKED: pip-audit could not be installed.\n")
        return NOT_CHECKED
    code, lines = verdict(ask())
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
