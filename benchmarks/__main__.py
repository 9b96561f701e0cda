"""Run all benchmarks next to their baselines, print a table, and write it into docs/performance.md.

    python -m benchmarks [NAME …]

With names (`acknowledging`, `queueing`, …) only these are measured, and nothing is written.
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

from benchmarks.measuring import HEADINGS, Found, row, tabled, write_table

SUITE = (
    "acknowledging",
    "queueing",
    "relaying",
    "converting",
    "starting",
    "waiting",
    "replying",
    "finding",
    "searching",
    "large_answers",
    "flooding",
    "recognition",
    "diarization",
    "inventing",
    "tracks",
)
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(SUITE))
def main(names: Sequence[str]) -> None:
    """Run all benchmarks, or the named ones."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    console, found = Console(width=200), list[Found]()
    for name in names or SUITE:
        began = time.perf_counter()
        found += import_module(f"benchmarks.{name}").measure()
        console.print(f"{name}: {time.perf_counter() - began:.0f} s", style="dim")
    console.print(tabled(found))
    if not names:
        write_table(PAGE, HEADINGS, [row(each) for each in found], by="make bench")


if __name__ == "__main__":
    main()
