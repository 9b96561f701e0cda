"""The App Home as a value: what is on the page of whom, with which buttons, within Slack's limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from handlers import listing, words
from handlers.action_ids import HELP, MY_SETTINGS, RECORDING_MENU, SEARCH, SHOW_MORE, WORKSPACE_SETTINGS
from handlers.home_page import ATTENTION, IN_WORK, MORE, MOST, RECENT, Month, looked_at, page
from sandbox.slack.limits import VIEW_BLOCKS, check_blocks
from storage.job import Failure, Job, JobId, JobState, Origin, Reason

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOTHING = Month(used=(), limit=None, ends=date(2026, 12, 1))
ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
BUTTONS = ["Search transcripts", "Settings", "Help"]


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


def shown(
    jobs: Sequence[Job], *, month: Month = NOTHING, may_manage: bool = False, now: datetime = NOON, recent: int = RECENT
) -> list[Any]:
    viewer = listing.Viewer(
        now=now, provider_title=lambda _: "Botlhale AI", workspace_url="https://x.slack.com/", person="U1"
    )
    blocks: list[Any] = page(jobs, month, viewer, may_manage=may_manage, recent=recent).to_dict()["blocks"]
    return blocks


def read(blocks: Sequence[Any]) -> list[str]:
    """What is on the page, a line for each block; of a recording only its title."""
    return ["".join(_texts({**block, "accessory": None})).partition("\n")[0].strip("*") for block in _readable(blocks)]


def _readable(blocks: Sequence[Any]) -> list[Any]:
    return [block for block in blocks if block["type"] != "actions"]


def _texts(part: Any) -> Iterator[str]:
    match part:
        case {"text": str(text)}:
            yield text
        case dict():
            for value in part.values():
                yield from _texts(value)
        case list():
            for value in part:
                yield from _texts(value)


def pressable(blocks: Sequence[Any]) -> list[tuple[str, str, str]]:
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [(button["text"]["text"], button["action_id"], button["value"]) for row in rows for button in row]


def test_whoever_has_shared_nothing_reads_how_to_begin_and_no_wall_of_help() -> None:
    assert read(shown([])) == [words.HOW_TO_BEGIN, words.THIS_MONTH, words.NOTHING_THIS_MONTH]


def test_search_settings_and_help_are_on_top() -> None:
    blocks = shown([job()])
    assert blocks[0]["type"] == "actions"
    assert [(text, action) for text, action, _ in pressable(blocks)] == [
        ("Search transcripts", SEARCH),
        ("Settings", MY_SETTINGS),
        ("Help", HELP),
    ]


def test_the_settings_of_everybody_are_for_who_looks_after_the_workspace() -> None:
    assert [action for _, action, _ in pressable(shown([], may_manage=True))] == [
        SEARCH,
        MY_SETTINGS,
        WORKSPACE_SETTINGS,
        HELP,
    ]


def test_what_is_in_progress_comes_first_then_what_needs_attention_then_the_rest() -> None:
    jobs = [
        job(5),
        job(4, JobState.ABANDONED, Reason.CANCELLED),
        job(3, JobState.SUBMITTED, duration=3 * MINUTE),
        job(2, reason=Reason.GAVE_UP),
        job(1, forgotten=2),
    ]
    assert read(shown(jobs))[:-1] == [
        "In progress",
        "Recording 3",
        "Needs attention",
        "Recording 2",
        "Recent",
        "Recording 5",
        "Recording 4",
        "Recording 1",
        "This month",
    ]


def test_what_is_not_there_has_no_heading() -> None:
    assert read(shown([job()]))[:2] == ["Recent", "Recording 1"]
    assert "Recent" not in read(shown([job(reason=Reason.GAVE_UP)]))


def test_rows_have_the_menu_of_the_list() -> None:
    [menu] = [block["accessory"] for block in shown([job()]) if block["type"] == "section"]
    assert menu["action_id"] == RECORDING_MENU
    assert [option["text"]["text"] for option in menu["options"]] == ["Transcribe differently…", "Details…", "Delete…"]


def test_more_are_shown_as_often_as_somebody_asks_up_to_the_most() -> None:
    jobs = [job(number) for number in range(MOST + 1)]
    rows, asked = [], RECENT
    while True:
        blocks = shown(jobs[: looked_at(asked)], recent=asked)
        rows.append(sum(block["type"] == "section" for block in blocks))
        more = [value for text, action, value in pressable(blocks) if (text, action) == ("Show more", SHOW_MORE)]
        if not more:
            break
        asked = int(more[0])
    assert rows == [RECENT, RECENT + MORE, MOST]
    assert words.NO_MORE_SHOWN in read(blocks)


def test_nobody_is_offered_more_where_there_is_no_more() -> None:
    for number in (RECENT, MOST):
        blocks = shown([job(number) for number in range(number)], recent=number)
        assert [text for text, _, _ in pressable(blocks)] == BUTTONS
        assert words.NO_MORE_SHOWN not in read(blocks)


@pytest.mark.parametrize("recent", [-5, 0, 10**9])
def test_nobody_is_shown_less_or_more_than_there_is_room_for(recent: int) -> None:
    blocks = shown([job(number) for number in range(200)], recent=recent)
    assert RECENT <= sum(block["type"] == "section" for block in blocks) <= MOST


def test_more_can_be_asked_for_where_not_all_recordings_were_read() -> None:
    """Those that failed have used up what is read."""
    everything = [job(number, reason=Reason.GAVE_UP) for number in range(38)] + [job(100 + n) for n in range(30)]
    assert [text for text, _, _ in pressable(shown(everything[: looked_at(RECENT)]))] == [*BUTTONS, words.SHOW_MORE]


RESETS = "The limit resets on 1 December."


@pytest.mark.parametrize(
    ("month", "said"),
    [
        (NOTHING, ["Nothing has been transcribed for you this month."]),
        (
            replace(NOTHING, used=(("Botlhale AI", 61 * MINUTE), ("Gowajee", MINUTE))),
            ["1 hr 2 min in all.", "Botlhale AI: 1 hr 1 min.", "Gowajee: 1 min."],
        ),
        (
            replace(NOTHING, used=(("Gowajee", 45 * MINUTE),), limit=90 * MINUTE),
            [f"{'▓' * 10}{'░' * 10}  45 min of 1 hr 30 min used, with Gowajee. {RESETS}"],
        ),
        (
            replace(NOTHING, used=(("Gowajee", timedelta(seconds=1)),), limit=90 * MINUTE),
            [f"▓{'░' * 19}  1 sec of 1 hr 30 min used, with Gowajee. {RESETS}"],
        ),
        (
            replace(NOTHING, used=(("Gowajee", 89.9 * MINUTE),), limit=90 * MINUTE),
            [f"{'▓' * 19}░  1 hr 30 min of 1 hr 30 min used, with Gowajee. {RESETS}"],
        ),
        (
            replace(NOTHING, used=(("Gowajee", 99 * MINUTE),), limit=90 * MINUTE),
            [f"{'▓' * 20}  1 hr 39 min of 1 hr 30 min used, with Gowajee. {RESETS}"],
        ),
        (replace(NOTHING, limit=90 * MINUTE), [f"{'░' * 20}  0 min of 1 hr 30 min used. {RESETS}"]),
        (replace(NOTHING, limit=timedelta(0)), [f"0 min of under 1 sec used. {RESETS}"]),
    ],
)
def test_the_month_is_told_in_all_and_by_provider_with_a_bar_where_there_is_a_limit(
    month: Month, said: list[str]
) -> None:
    lines = read(shown([], month=month))
    assert lines[lines.index(words.THIS_MONTH) + 1 :] == said


def test_time_alone_does_not_change_the_page() -> None:
    jobs = [job(1, JobState.SUBMITTED), job(2), job(3, reason=Reason.GAVE_UP)]
    assert shown(jobs) == shown(jobs, now=NOON + timedelta(days=9))


def test_very_many_recordings_keep_to_the_limits() -> None:
    hostile = "🎙️<&>" * 60
    jobs = [job(number, JobState.SUBMITTED, title=hostile) for number in range(IN_WORK + 5)]
    jobs += [job(number, reason=Reason.GAVE_UP, title=hostile) for number in range(ATTENTION + 5)]
    jobs += [job(number, title=hostile) for number in range(MOST + 5)]
    month = replace(NOTHING, used=tuple((f"Service {n}", MINUTE) for n in range(10)), limit=MINUTE)
    blocks = shown(jobs, may_manage=True, recent=MOST, month=month)
    assert sum(block["type"] == "section" for block in blocks) == IN_WORK + ATTENTION + MOST
    check_blocks(blocks, most=VIEW_BLOCKS, total=None)
    assert len(json.dumps(blocks)) < 200_000
    assert words.MORE_IN_WORK in read(blocks)
    assert words.MORE_NEED_ATTENTION in read(blocks)
    assert len(jobs) > looked_at(MOST) - 5
