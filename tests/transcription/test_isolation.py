"""Proves that work in a process of its own can neither hurt the bot nor outlive it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from transcription.isolation import Crashed, Limits, OutOfTime, run

HERE = Path(__file__).parent
PYTHON = (
    sys.executable,
    "-I",
    "-c",
    "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module(sys.argv[3], run_name='__main__')",
    str(HERE),
)
"""Runs a module that is not installed: the rest of the command is `-m module`."""

ROOMY = Limits(memory=2**30, output=2**20, time=timedelta(seconds=60))


async def do(work: str, *, limits: Limits = ROOMY, **request: object) -> dict[str, object]:
    return await run("isolated_work", {"work": work, **request}, limits=limits, python=PYTHON)


def _pid_in(note: Path) -> int:
    _wait_until(lambda: note.exists() and bool(note.read_text(encoding="ascii")))
    return int(note.read_text(encoding="ascii"))


def _wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"


async def test_an_answer_comes_back_as_it_was_given() -> None:
    assert await do("echo", words="ñ – \n", many=list(range(100_000))) == {
        "work": "echo",
        "words": "ñ – \n",
        "many": list(range(100_000)),
    }


async def test_two_pieces_of_work_run_side_by_side() -> None:
    answers = await asyncio.gather(*(do("echo", number=number) for number in range(4)))
    assert [answer["number"] for answer in answers] == [0, 1, 2, 3]


async def test_an_answer_survives_libraries_that_print_and_read() -> None:
    assert await do("write_to_stdout") == {"read": ""}


async def test_the_child_sees_only_the_named_part_of_our_environment() -> None:
    assert "PYTEST_CURRENT_TEST" in os.environ  # stands for every secret
    assert set(await do("tell_environment")) <= {
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux closes a process to others of its user")
async def test_the_child_can_be_read_by_no_other_child_and_leaves_no_core_file() -> None:
    assert await do("tell_dumps") == {"dumpable": 0, "core": [0, 0]}


async def test_work_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(OutOfTime):
        await do("sleep", note=str(note), limits=Limits(memory=2**30, output=2**20, time=timedelta(seconds=1)))
    assert not (note.exists() and _is_alive(int(note.read_text(encoding="ascii"))))


async def test_work_is_killed_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    waiting = asyncio.create_task(do("sleep", note=str(tmp_path / "pid")))
    pid = await asyncio.to_thread(_pid_in, tmp_path / "pid")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not _is_alive(pid)


PARENT = """
import asyncio, sys
from datetime import timedelta
from transcription.isolation import Limits, run
*python, work, seconds, note = sys.argv[1:]
limits = Limits(memory=2**30, output=2**20, time=timedelta(seconds=int(seconds)))
asyncio.run(run("isolated_work", {"work": work, "note": note}, limits=limits, python=python))
"""


@pytest.mark.parametrize(("work", "seconds"), [("sleep", 600), ("sleep_holding_everything", 3)])
def test_the_child_dies_with_its_parent_or_at_the_latest_when_its_time_is_up(
    work: str, seconds: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PARENT, *PYTHON, work, str(seconds), str(tmp_path / "pid")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as parent:  # noqa: S603 - all of it is ours
        pid = _pid_in(tmp_path / "pid")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    _wait_until(lambda: not _is_alive(pid))


async def test_memory_beyond_the_limit_is_not_given() -> None:
    with pytest.raises(Crashed, match="raised MemoryError"):
        await do("eat_memory", limits=Limits(memory=2**29, output=0, time=timedelta(seconds=60)))


async def test_a_file_does_not_grow_beyond_the_limit(tmp_path: Path) -> None:
    assert await do("write_a_lot", note=str(tmp_path / "file")) == {"errno": errno.EFBIG}
    assert (tmp_path / "file").stat().st_size == ROOMY.output


async def test_an_exception_passes_only_the_name_of_its_class() -> None:
    with pytest.raises(Crashed, match="raised LookupError") as caught:
        await do("fail")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("work", "told"), [("crash", "status -11"), ("leave", "status 7")])
async def test_a_crash_ends_the_child_alone(work: str, told: str) -> None:
    with pytest.raises(Crashed, match=told):
        await do(work)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(Crashed, match="does not end"):
        await do("answer_too_much")


async def test_a_module_that_is_not_there_is_a_crash() -> None:
    with pytest.raises(Crashed, match="status 1"):
        await run("transcription.nowhere", {}, limits=ROOMY)


async def test_a_request_larger_than_a_pipe_to_a_child_that_never_reads_is_a_crash() -> None:
    with pytest.raises(Crashed, match="gave no answer"):
        await run("this", {"much": "a" * 2**20}, limits=ROOMY)
