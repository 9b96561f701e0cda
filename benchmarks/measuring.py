"""Goals and results of benchmarks: ratios between two sides that are measured alternately in each round.

The machines are shared and noisy. So each ratio is from one round, and the result is the median of the rounds. Absolute
numbers only show the scale.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

ROUNDS = 5
HEADINGS = ("#", "what", "against", "goal", "median", "rounds", "verdict", "ours / theirs")
_END = "<!-- until here -->\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One line of the table: the ratio of `what` to `against` must be at least `least`, or at most `most`."""

    key: str
    what: str
    against: str
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"

    def is_met(self, ratio: float) -> bool:
        """Return whether a ratio meets the goal."""
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The ratios of all rounds; `scale` shows the absolute numbers on this machine."""

    goal: Goal
    ratios: Sequence[float]
    scale: str = ""

    @property
    def ratio(self) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def spread(self) -> str:
        """Return the minimum and the maximum of the rounds."""
        return f"{min(self.ratios):.2f} to {max(self.ratios):.2f}"

    @property
    def is_met(self) -> bool:
        """Return whether the goal is met."""
        return self.goal.is_met(self.ratio)


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A goal that could not be measured on this machine, with the reason."""

    goal: Goal
    why: str


Found = Result | Skipped

Figures = Mapping[str, float]
"""The figures of one side in one round, by name."""


def compare(
    goal: Goal, rounds: Sequence[Mapping[str, Figures]], *, ours: str, theirs: str, figure: str, unit: str = ""
) -> Result:
    """Return the ratio of one figure, ours to theirs, in each round."""
    ratios = [each[ours][figure] / each[theirs][figure] for each in rounds]
    mine, other = (statistics.median(each[side][figure] for each in rounds) for side in (ours, theirs))
    return Result(goal=goal, ratios=ratios, scale=f"{number(mine)} / {number(other)} {unit}".strip())


def number(value: float) -> str:
    """Return a number with three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


def in_turn(sides: Mapping[str, Callable[[], Figures]], *, rounds: int = ROUNDS) -> list[Mapping[str, Figures]]:
    """Measure every side once per round, in an order that is reversed after each round."""
    names = list(sides)
    found: list[Mapping[str, Figures]] = []
    for _ in range(rounds):
        found.append({name: sides[name]() for name in names})
        names.reverse()
    return found


@contextmanager
def folder() -> Iterator[Path]:
    """Yield an empty folder on the disk of this checkout.

    A system's temporary folder may be in memory, where a sync is free.
    """
    base = Path(__file__).parents[1] / "build"
    base.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base, prefix="bench-") as name:
        yield Path(name)


def cpu_of(pid: int) -> float:
    """Return the processor time of a process in seconds, user and system mode. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int, what: str = "VmRSS") -> int:
    """Return a process's memory in bytes: current (`VmRSS`) or peak (`VmHWM`). Linux only."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    return 0


def row(found: Found) -> Sequence[str]:
    """Return one line of the table, under `HEADINGS`."""
    goal = found.goal
    about = (goal.key, goal.what, goal.against, str(goal))
    match found:
        case Skipped(why=why):
            return (*about, "", "", f"SKIPPED: {why}", "")
        case Result():
            return (*about, number(found.ratio), found.spread, "met" if found.is_met else "missed", found.scale)


def tabled(found: Iterable[Found]) -> Table:
    """Return the table for a terminal."""
    table = Table(*HEADINGS)
    for each in found:
        cells = row(each)
        table.add_row(*cells, style=None if cells[6] == "met" else "bold")
    return table


def write_table(page: Path, headings: Sequence[str], rows: Sequence[Sequence[str]], *, by: str) -> None:
    """Write a table between the markers of a page; `by` is the command that the first marker names."""
    text, begin = page.read_text(encoding="utf-8"), f"<!-- written by {by} -->\n"
    before, after = text[: text.index(begin)], text[text.index(_END) :]
    lines = [headings, ["---"] * len(headings), *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    page.write_text(f"{before}{begin}\n{table}\n{after}", encoding="utf-8")
