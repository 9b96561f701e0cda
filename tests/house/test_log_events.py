"""Log events are keys that people build alerts on: each is in the table of docs/operations.md, and none elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "handlers", "storage", "transcription")
LEVELS = {"debug", "info", "warning", "error", "critical", "log", "tell"}
"""`tell` is `bot.slack.socket_mode.supervisor.LogOnce`'s."""


def events() -> set[str]:
    """The first argument of every call that writes a line."""
    return {event for package in PRODUCT for path in (ROOT / package).rglob("*.py") for event in _events_in(path)}


def _events_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = ast.unparse(node.func.value)
            if owner in {"_log", "self._story", "self"}:
                texts = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]  # `log` has a level
                yield from (text for text in texts if isinstance(text, str))


def documented() -> set[str]:
    """The events of the table."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page[page.index("| `event` |") :].partition("\n\n")[0]
    return {event for row in table.splitlines()[2:] for event in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_every_event_is_a_key() -> None:
    assert len(events()) > 25
    assert {event for event in events() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event)} == set()


def test_every_event_is_in_the_table_and_no_other() -> None:
    assert events() == documented()
