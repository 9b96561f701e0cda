"""Compare this version with another one, alternately in one run.

    python -m benchmarks.versions FOLDER [ROUNDS [KEYS]]

KEYS selects lines by their letters, e.g. AQ. It needs what `make bench` installs. FOLDER is a checkout of the other
version, e.g. from `git worktree add`. Each line runs as a process in its checkout, with the Python environment of this
one. A line whose median ratio is worse than `WORST` makes the exit status 1.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[1]
WORST = 1.15
SIZE = 2**30

ACKNOWLEDGE = """
import json
from benchmarks import acknowledging
burst = acknowledging.burst
server = getattr(acknowledging, "server", None) or acknowledging.door  # its name until the rooms were built
from benchmarks.measuring import folder
with folder() as base, server("ours", base) as ours:
    burst(*ours, events=500)
    found = burst(*ours, events=4000)
print(json.dumps({"seconds": 1 / found["rate"], "cpu": found["cpu"]}))
"""

QUEUE = """
import json
from benchmarks.measuring import folder
from benchmarks.queueing import _fresh, _life
from benchmarks.queues import Ours
with folder() as base:
    found = _life(Ours.sqlite(_fresh(base)))
print(json.dumps({"seconds": 1 / found["rate"]} | {name: found[name] for name in ("cpu",) if name in found}))
"""

RELAY = f"""
import json
from benchmarks.relaying import _pipes, _run
with _pipes() as port:
    found = _run("send", str(port), "{SIZE}")
print(json.dumps({{"seconds": 1 / found["rate"], "cpu": found["cpu"], "MiB more": found["growth"]}}))
"""

IDLE = """
import json, os
from benchmarks.measuring import folder
try:
    from benchmarks.sandbox_thread import sandbox_slack
except ImportError:  # its name until the rooms were built
    from benchmarks.pretending import pretending as sandbox_slack
from benchmarks.starting import _our_command, _settings, _start
with folder() as base, sandbox_slack() as slack:
    environment = _settings(slack, base) | json.loads(os.environ.get("MORE", "{}"))
    for _ in range(2):
        found = _start(_our_command(), "/readyz", environment=environment)
print(json.dumps({"MiB": found["memory"], "ms to start": found["ready"]}))
"""

BOTLHALE = {"TRANSCRIBER": "botlhale", "BOTLHALE_ORG_ID": "Org01", "BOTLHALE_REFRESH_TOKEN": "invented"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the comparison: a program that prints its figures, each better when smaller."""

    key: str
    program: str
    more: Mapping[str, str]
    judged: tuple[str, ...]


LINES = (
    Line(key="A acknowledge 4000 events", program=ACKNOWLEDGE, more={}, judged=("seconds", "cpu")),
    Line(key="Q a job's life, 16 workers", program=QUEUE, more={}, judged=("seconds", "cpu")),
    Line(key="S relay 1 GiB", program=RELAY, more={}, judged=("seconds", "cpu")),
    Line(key="I idle", program=IDLE, more={}, judged=("MiB", "ms to start")),
    Line(key="I idle with a provider", program=IDLE, more=BOTLHALE, judged=()),
)


def main(other: Path, rounds: int, keys: str) -> int:
    """Print the medians of this version's figures relative to the other's.

    Return 1 if a judged one is worse than `WORST`.
    """
    worse = False
    for line in (line for line in LINES if line.key[0] in keys):
        pairs = [(_figures(line, HERE), _figures(line, other)) for _ in range(rounds)]
        for name in pairs[0][0]:
            ratios = [ours[name] / theirs[name] for ours, theirs in pairs]
            ratio = statistics.median(ratios)
            scale = statistics.median(theirs[name] for _, theirs in pairs)
            late = name in line.judged and ratio > WORST
            worse |= late
            print(
                f"{line.key}: {name} x {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}) of {scale:.3g}"
                + (" WORSE" if late else ""),
                flush=True,
            )
    return 1 if worse else 0


def _figures(line: Line, checkout: Path) -> Mapping[str, float]:
    environment = os.environ | {"PYTHONPATH": str(checkout), "MORE": json.dumps(dict(line.more))}
    command = [sys.executable, "-c", line.program]
    said = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    folder, rounds, keys, *_ = [*sys.argv[1:], *("", "7", "AQSI")[len(sys.argv) - 1 :]]
    sys.exit(main(Path(folder).resolve(), int(rounds), keys))
