"""The App Home as a value: what is on the page of whom, with which buttons, within Slack's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from handlers import listing, words
from handlers.action_ids import CANCEL, MY_SETTINGS, RETRY, WORKSPACE_SETTINGS
from handlers.home_page import IN_WORK, LATELY, Month, page
from storage.job import Failure, Job, JobId, JobState, Origin, Reason

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITED = "Your monthly limit is 1 hour 30 minutes. It resets on 1 December."
NOTHING = Month(used=(), limit=None, ends=date(2026, 12, 1))
ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")


def job(number: int = 1, state: JobState = JobState.REPLIED, reason: Reason | None = None, **more: Any) -> Job:
    known: dict[str, Any] = {
        "id": JobId(f"job{number}"),
        "origin": ORIGIN,
        "state": state,
        "created_at": NOON,
        "state_since": NOON,
        "title": f"Recording {number}",
        "provider": "p",
        "failure": Failure(reason=reason) if reason else None,
    }
    return Job(**known | more)


def shown(jobs: Sequence[Job], *, month: Month = NOTHING, may_manage: bool = False, now: datetime = NOON) -> list[Any]:
    viewer = listing.Viewer(now=now, provider_title=lambda _: "Botlhale AI", workspace_url="https://x.slack.com/")
    blocks: list[Any] = page(jobs, month, viewer, may_manage=may_manage).to_dict()["blocks"]
    return blocks


def read(blocks: Sequence[Any]) -> list[str]:
    """What is on the page, a line for each block."""
    return ["".join(_texts(block)) for block in blocks]


def _texts(part: Any) -> Iterator[str]:
    match part:
        case {"type": "date", "format": str(format_)}:
            yield format_
        case {"text": str(text)}:
            yield text
        case dict():
            for value in part.values():
                yield from _texts(value)
        case list():
            for value in part:
                yield from _texts(value)


def pressable(blocks: Sequence[Any]) -> list[tuple[str, str]]:
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [(button["action_id"], button["value"]) for row in rows for button in row]


def test_whoever_has_shared_nothing_reads_how_to_begin() -> None:
    lines = read(shown([]))
    assert lines[0] == words.HOW_TO_BEGIN
    assert words.IN_WORK not in lines
    assert words.LATELY not in lines
    assert lines[-1] == words.HELP


def test_what_is_in_work_comes_first_then_what_is_done() -> None:
    lines = read(shown([job(3), job(2, JobState.SUBMITTED, duration=3 * MINUTE), job(1, reason=Reason.GAVE_UP)]))
    assert lines[0] == words.IN_WORK
    assert lines[1] == (
        "Recording 2: being transcribed by Botlhale AI · 3 minutes long · shared {ago} · Open thread · ID job2"
    )
    assert lines[3] == words.LATELY
    assert lines[4].startswith("Recording 3: transcribed by Botlhale AI · shared {ago} · ")
    assert lines[5].startswith("Recording 1: not transcribed: the transcription service sent no transcript;")


def test_it_says_so_where_nothing_is_in_work() -> None:
    assert read(shown([job()]))[:2] == [words.IN_WORK, words.NOTHING_IN_WORK]


@pytest.mark.parametrize(
    ("shared", "button"),
    [
        (job(state=JobState.RECEIVED), CANCEL),
        (job(state=JobState.SUBMITTING), CANCEL),
        (job(state=JobState.SUBMITTED), CANCEL),
        (job(state=JobState.READY), None),
        (job(state=JobState.REPLYING), None),
        (job(), None),
        (job(reason=Reason.REFUSED), None),
        (job(reason=Reason.PROVIDER_FAILED), RETRY),
        (job(reason=Reason.GAVE_UP, forgotten=2), None),
        (job(state=JobState.ABANDONED, reason=Reason.CANCELLED), RETRY),
        (job(state=JobState.ABANDONED, reason=Reason.NOT_A_MEMBER), RETRY),
        (job(state=JobState.ABANDONED, reason=Reason.ON_REQUEST), RETRY),
        (job(state=JobState.ABANDONED, reason=Reason.FILE_GONE), None),
        (job(state=JobState.ABANDONED, reason=Reason.DUPLICATE), None),
    ],
)
def test_a_recording_has_the_button_that_makes_sense(shared: Job, button: str | None) -> None:
    found = [(action, value) for action, value in pressable(shown([shared])) if action != MY_SETTINGS]
    assert found == ([(button, "job1")] if button else [])


def test_a_button_says_to_a_screen_reader_which_recording_it_is_about() -> None:
    blocks = shown([job(state=JobState.SUBMITTED, title="M" * 200)])
    label = blocks[2]["elements"][0]["accessibility_label"]
    assert label.startswith("Cancel: MMM")
    assert len(label) <= 75


def test_the_settings_of_everybody_are_for_who_looks_after_the_workspace() -> None:
    assert pressable(shown([])) == [(MY_SETTINGS, MY_SETTINGS)]
    assert pressable(shown([], may_manage=True)) == [
        (MY_SETTINGS, MY_SETTINGS),
        (WORKSPACE_SETTINGS, WORKSPACE_SETTINGS),
    ]


@pytest.mark.parametrize(
    ("month", "said"),
    [
        (NOTHING, ["Nothing has been transcribed for you this month."]),
        (
            replace(NOTHING, used=(("Botlhale AI", 61 * MINUTE), ("Gowajee", MINUTE))),
            ["Transcribed for you: 1 hour 2 minutes.", "Botlhale AI: 1 hour 1 minute.", "Gowajee: 1 minute."],
        ),
        (
            replace(NOTHING, used=(("Gowajee", MINUTE),), limit=90 * MINUTE),
            [f"Transcribed for you by Gowajee: 1 minute. {LIMITED}"],
        ),
    ],
)
def test_the_month_is_told_in_all_and_by_provider(month: Month, said: list[str]) -> None:
    lines = read(shown([], month=month))
    at = lines.index(words.THIS_MONTH) + 1
    assert lines[at : lines.index(words.SETTINGS)] == said


def test_time_alone_does_not_change_the_page() -> None:
    jobs = [job(1, JobState.SUBMITTED), job(2), job(3, reason=Reason.GAVE_UP)]
    assert shown(jobs) == shown(jobs, now=NOON + timedelta(days=9))


def test_very_many_recordings_keep_to_the_limits() -> None:
    jobs = [job(number, JobState.SUBMITTED, title="<&>" * 80) for number in range(IN_WORK + 5)]
    jobs += [job(number, reason=Reason.GAVE_UP, title="<&>" * 80) for number in range(LATELY + 5)]
    blocks = shown(jobs, may_manage=True)
    assert len(blocks) <= 100
    assert sum(action == CANCEL for action, _ in pressable(blocks)) == IN_WORK
    assert sum(action == RETRY for action, _ in pressable(blocks)) == LATELY
    assert words.MORE_IN_WORK in read(blocks)
    assert len(str(blocks)) < 100_000
