"""What the child that has read untrusted bytes answers is untrusted itself: a value or `Crashed`, nothing else."""

from __future__ import annotations

import base64
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from transcription.isolation import Crashed, Limits, run

PYTHON = (
    sys.executable,
    "-I",
    "-c",
    "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module(sys.argv[3], run_name='__main__')",
    str(Path(__file__).parent),
)
"""Runs a module that is not installed: the rest of the command is `-m module`."""

LIMITS = Limits(memory=2**30, output=2**20, time=timedelta(seconds=60))


async def answered(answer: bytes, *, times: int = 1, status: int = 0) -> dict[str, object]:
    request = {"bytes": base64.b64encode(answer).decode(), "times": times, "status": status}
    return await run("odd_child", request, limits=LIMITS, python=PYTHON)


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (b"", 1),
        (b"{", 1),
        (b"[", 30_000),
        (b'{"answer":', 30_000),
        (b"\xff\xfe", 1),
        (b'{"answer": 1}', 1),
        (b'{"answer": {}}', 2),
        (b'{"answer": {"samples": ' + b"9" * 5_000 + b"}}", 1),
        (b'{"raised": ["LookupError"]}', 1),
    ],
    ids=["nothing", "half", "deep", "deep objects", "no text", "no object", "two", "a long number", "no name"],
)
async def test_what_is_no_answer_is_a_crash(answer: bytes, times: int) -> None:
    with pytest.raises(Crashed, match="gave no answer"):
        await answered(answer, times=times)


async def test_an_answer_counts_only_with_a_good_end() -> None:
    assert await answered(b'{"answer": {"samples": 1}}') == {"samples": 1}
    with pytest.raises(Crashed, match="status 3"):
        await answered(b'{"answer": {}}', status=3)
