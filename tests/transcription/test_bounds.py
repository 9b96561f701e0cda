import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from transcription.apart import LARGE, Apart
from transcription.botlhale.wire import JobStatus, read_result, read_status
from transcription.bounds import (
    BYTES,
    BYTES_A_MINUTE,
    CHARACTERS_A_MINUTE,
    FLOOR,
    LABEL,
    LONGEST_RECORDING,
    SPEAKERS,
    TURNS_A_MINUTE,
    most_bytes,
    refuse_too_much,
)
from transcription.errors import EVIDENCE, AnswerTooLarge, Failed, Misunderstood
from transcription.gowajee.wire import claimed, ids_around, read_notice, report_in
from transcription.gowajee.wire import read_status as read_gowajee
from transcription.transcriber import Pending
from transcription.transcript import Report, Speaker, Transcript, Turn

HOUR = timedelta(hours=1)
MINUTES = 60


def turn(text: str = "Yes.", *, speaker: str | None = None, language: str | None = None) -> Turn:
    who = Speaker(label=speaker) if speaker else None
    return Turn(start=timedelta(0), end=timedelta(seconds=1), text=text, speaker=who, language=language)


# --- how large an answer can be --------------------------------------------------------------------------------------


def test_bytes_are_bounded_by_the_length() -> None:
    assert most_bytes(timedelta(0)) == BYTES
    assert most_bytes(HOUR) == BYTES + MINUTES * BYTES_A_MINUTE
    assert most_bytes(None) == most_bytes(LONGEST_RECORDING)


FULL: dict[str, Callable[[int], list[Turn]]] = {
    "characters": lambda more: [turn("a" * (CHARACTERS_A_MINUTE * MINUTES + more))],
    "turns": lambda more: [turn()] * (TURNS_A_MINUTE * MINUTES + more),
    "speakers": lambda more: [turn(), *(turn(speaker=f"S{n}") for n in range(SPEAKERS + more))],
    "a label": lambda more: [turn(speaker="S" * (LABEL + more))],
    "a language": lambda more: [turn(language="x" * (LABEL + more))],
}


@pytest.mark.parametrize("what", FULL)
def test_a_transcript_may_have_just_so_much(what: str) -> None:
    refuse_too_much(FULL[what](0), length=HOUR)
    with pytest.raises(AnswerTooLarge):
        refuse_too_much(FULL[what](1), length=HOUR)


def test_a_short_recording_may_have_as_much_as_one_of_ten_minutes() -> None:
    most = CHARACTERS_A_MINUTE * (FLOOR // timedelta(minutes=1))
    refuse_too_much([turn("a" * most)], length=timedelta(seconds=1))
    with pytest.raises(AnswerTooLarge):
        refuse_too_much([turn("a" * (most + 1))], length=timedelta(seconds=1))


def test_of_a_refused_answer_only_the_beginning_stays() -> None:
    with pytest.raises(Misunderstood) as caught:
        read_result(b"x" * 10**6, file_name="x")
    assert caught.value.body == b"x" * EVIDENCE


# --- what is read apart ----------------------------------------------------------------------------------------------

BOTLHALE = {
    "status": "complete",
    "audio_length": "60.0",
    "timestamps": [
        {"start": 10.5 * n, "end": 10.5 * n + 9, "transcription": f"ก {n}", "speaker": f"speaker_{n % 3}"}
        for n in range(900)
    ],
}
GOWAJEE = {
    "jobId": "j",
    "webhookId": "w",
    "type": "ASR",
    "output": {"duration": 8.0, "results": [{"transcript": "hi", "startTime": 0, "endTime": 1}]},
}


def large(value: object) -> bytes:
    return json.dumps(value).encode() + b" " * LARGE


KNOWN: dict[str, Any] = {"file_name": "x", "length": HOUR}
READ: list[tuple[Callable[..., Any], bytes, dict[str, Any]]] = [
    (read_result, large(BOTLHALE), KNOWN),
    (read_result, large({}), KNOWN),
    (read_result, large({"status": "failed"}), KNOWN),
    (read_result, large([]), KNOWN),
    (read_status, large(BOTLHALE), KNOWN),
    (read_status, large({"status": "running"}), KNOWN),
    (read_notice, large(GOWAJEE), {"length": None, "handle": "j"}),
    (read_notice, large(GOWAJEE), {"length": None, "handle": "another"}),
    (read_notice, large({"jobId": "j", "status": "FAILED", "message": "no"}), {"length": None, "handle": "j"}),
    (read_gowajee, large(GOWAJEE), {"length": HOUR, "handle": "j"}),
    (read_gowajee, large({"jobId": "j", "status": "IN_QUEUE"}), {"length": HOUR, "handle": "j"}),
    (report_in, large(GOWAJEE), {}),
    (claimed, large(GOWAJEE), {"webhook_ids": ["w"], "length": timedelta(seconds=8)}),
    (claimed, large(GOWAJEE), {"webhook_ids": [], "length": timedelta(seconds=8)}),
    (read_result, large({"status": "complete", "timestamps": [{"start": 0, "transcription": "a"}] * 7201}), KNOWN),
]


def outcome(error: Exception) -> tuple[type[Exception], str, Report | None]:
    return type(error), str(error), error.report if isinstance(error, Failed) else None


@pytest.mark.parametrize(("read", "body", "known"), READ, ids=lambda value: getattr(value, "__name__", None))
async def test_a_large_answer_is_read_in_a_process_as_a_small_one_here(
    read: Callable[..., Any], body: bytes, known: dict[str, Any]
) -> None:
    here: Any
    apart: Any
    try:
        here = read(body, **known)
    except (Failed, Misunderstood, AnswerTooLarge) as error:
        here = outcome(error)
    try:
        apart = await Apart().read(read, body, **known)
    except (Failed, Misunderstood, AnswerTooLarge) as error:
        apart = outcome(error)
    assert apart == here
    assert isinstance(here, Transcript | JobStatus | Pending | Report | tuple | str | None)


async def test_a_small_answer_is_read_here() -> None:
    here: list[int] = []

    def read(body: bytes) -> int:
        here.append(os.getpid())
        return len(body)

    assert await Apart().read(read, b"x" * (LARGE - 1)) == LARGE - 1
    assert here == [os.getpid()]


async def test_an_answer_that_takes_far_more_memory_than_a_transcript_is_not_understood() -> None:
    body = b'{"timestamps": [], "junk": [' + b",".join([b"[1]"] * (10 * 2**20)) + b"]}"
    with pytest.raises(Misunderstood, match="could not be read"):
        await Apart().read(read_result, body, file_name="x", length=LONGEST_RECORDING)


def children() -> set[int]:
    """The processes that this one has started and that run."""
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find the process")
async def test_the_death_of_the_process_is_an_answer_that_was_not_understood() -> None:
    before = children()
    reading = asyncio.create_task(Apart().read(read_result, large(BOTLHALE), file_name="x", length=HOUR))
    while not (new := children() - before):  # noqa: ASYNC110 - nobody announces it
        await asyncio.sleep(0)
    for pid in new:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with pytest.raises(Misunderstood, match="could not be read"):
        await reading


# --- the ids of a large webhook --------------------------------------------------------------------------------------


def test_the_ids_stand_before_the_results_or_behind_them() -> None:
    results = {"output": {"results": [{"transcript": 'he said "jobId": "other" aloud', "startTime": 0}] * 9000}}
    ids = {"jobId": "j", "webhookId": "w"}
    for message in (ids | results, results | ids):
        found = ids_around(json.dumps(message).encode())
        assert (found.handle, found.webhook_id) == ("j", "w")


@pytest.mark.parametrize("ids", [{}, {"jobId": "j", "more": {"jobId": "k"}}, {"jobId": "a b"}], ids=str)
def test_a_large_webhook_without_exactly_one_job_is_not_understood(ids: dict[str, object]) -> None:
    with pytest.raises(Misunderstood):
        ids_around(json.dumps({**ids, "output": "x" * 10**6}).encode())
