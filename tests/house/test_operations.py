"""The page for operators, the alerts and the program name the same metrics, log lines and commands."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.cli.job_commands import jobs
from bot.metrics import Metrics
from bot.web.scrape import Scrape
from tests.bot.job_fixtures import NOON, new_database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
NAME = re.compile(r"\bthreadscribe_[a-z_]+")
OF_A_HISTOGRAM = ("_bucket", "_count", "_sum")


def section(title: str) -> str:
    return re.split(r"^#{2,3} ", PAGE.partition(f"# {title}\n")[2], flags=re.MULTILINE)[0]


def table(title: str) -> dict[str, str]:
    """The first column's words in backticks, each with its whole line."""
    rows = [line for line in section(title).splitlines() if line.startswith("| `")]
    return {word: line for line in rows for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


@pytest.fixture
async def told(tmp_path: Path) -> dict[str, str]:
    """The name of every metric of ours and what it is for."""
    async with new_database(tmp_path / "metrics.db") as database:
        by = Scrape(Metrics(), database=database, clock=lambda: NOON, providers=[], checks={"worker": lambda: True})
        text = (await by.text()).decode()
    return dict(re.findall(r"^# HELP (threadscribe_\w+) (.+)$", text, re.MULTILINE))


def test_every_metric_is_on_the_page_and_no_other(told: dict[str, str]) -> None:
    assert set(table("Metrics")) - {"replied", "abandoned", "none"} == set(told)


def test_every_alert_is_on_the_page_and_no_other() -> None:
    assert list(table("Alerts")) == [rule["alert"] for rule in ALERTS]


def test_every_alert_is_about_metrics_that_exist(told: dict[str, str]) -> None:
    series = set(told) | {f"{name}{end}" for name in told if name.endswith("_seconds") for end in OF_A_HISTOGRAM}
    for rule in ALERTS:
        named = {name for text in (rule["expr"], *rule["annotations"].values()) for name in NAME.findall(text)}
        assert named <= series, rule["alert"]
        assert named or re.match(r"up\{|changes\(process_start_time_seconds\{", rule["expr"])


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_every_alert_says_how_long_how_bad_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert len(rule["annotations"]["description"].split()) > 5


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_what_every_process_tells_alike_is_never_summed(rule: dict[str, Any]) -> None:
    assert not re.search(r"sum[^)]*threadscribe_(jobs\b(?!_)|queue_depth|oldest_job)", rule["expr"])


def _log_lines() -> set[str]:
    """Every event that the program logs."""
    found: set[object] = set()
    for path in (
        path for package in ("bot", "handlers", "storage", "transcription") for path in (ROOT / package).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.search(r"\b_log\.\w+$|\.tell$", ast.unparse(node.func)):
                found |= {part.value for part in node.args if isinstance(part, ast.Constant)}
    return {event for event in found if isinstance(event, str)}


def test_every_log_line_is_on_the_page_and_no_other() -> None:
    assert _log_lines()
    on_page = {word for word, line in table("Logs").items() if word in line.split("|")[1]} - {"event"}
    assert on_page == _log_lines()


@pytest.mark.parametrize("name", list(jobs.commands))
def test_every_command_for_jobs_is_on_the_page(name: str) -> None:
    assert any(line.startswith(f"threadscribe jobs {name}") for line in table("Jobs"))


def test_the_page_names_no_command_that_is_gone() -> None:
    named = {tuple(found) for found in re.findall(r"`threadscribe (jobs )?([a-z-]+)", PAGE)}
    assert named
    for group, name in named:
        assert name in (jobs.commands if group else main.commands), name


def test_every_file_it_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)", PAGE):
        assert (ROOT / "docs" / target).resolve().exists(), target
