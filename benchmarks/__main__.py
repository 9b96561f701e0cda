"""Measures everything beside its baseline, prints a table, and writes it into docs/performance.md.

    python -m benchmarks [NAME …]

With names (`acknowledging`, `queueing`, …) only these are measured and nothing is written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click
import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Found, Result, Skipped, number

SUITE = ("acknowledging", "queueing", "relaying", "converting", "starting", "waiting", "replying", "finding")
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- written by make bench -->\n", "<!-- until here -->\n"
HEADINGS = ("#", "what", "against", "goal", "median", "rounds", "verdict", "ours / theirs")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(SUITE))
def main(names: Sequence[str]) -> None:
    """Measure all or the named ones."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    console, found = Console(width=200), list[Found]()
    for name in names or SUITE:
        began = time.perf_counter()
        found += import_module(f"benchmarks.{name}").measure()
        console.print(f"{name}: {time.perf_counter() - began:.0f} s", style="dim")
    rows = [_row(each) for each in found]
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*row, style=None if row[6] == "met" else "bold")
    console.print(table)
    if not names:
        _write(rows)


def _row(found: Found) -> Sequence[str]:
    goal = found.goal
    about = (goal.key, goal.what, goal.against, str(goal))
    match found:
        case Skipped(why=why):
            return (*about, "", "", f"SKIPPED: {why}", "")
        case Result():
            return (*about, number(found.ratio), found.spread, "met" if found.is_met else "missed", found.scale)


def _write(rows: Sequence[Sequence[str]]) -> None:
    """Put the table between the marks of the page."""
    page = PAGE.read_text()
    before, after = page[: page.index(BEGIN)], page[page.index(END) :]
    lines = [HEADINGS, ["---"] * len(HEADINGS), *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{after}")


if __name__ == "__main__":
    main()
