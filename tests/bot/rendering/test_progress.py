"""What a thread is told of a recording that is in progress or on hold: in one sentence, whatever its title is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.progress import Stage, on_hold, progress_report
from handlers import words
from handlers.action_ids import CANCEL
from sandbox.slack.limits import check_blocks
from storage.job import JobId
from tests.bot.rendering.test_reply import HOSTILE, assert_nothing_to_parse

JOB = JobId("abcdefgh23")
TITLE = "Call with the customer"
NOON = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


def told(title: str | None = TITLE, **stage: Any) -> tuple[str, Sequence[dict[str, Any]]]:
    shown = Stage(**({"sent": True} | stage))
    return progress_report(JOB, shown, title=title, length=timedelta(seconds=34), provider="Botlhale AI")


def said(blocks: Sequence[dict[str, Any]]) -> str:
    """What the first block says; everything in it is text that nothing parses, or a time."""
    section, buttons = blocks
    [line] = section["elements"]
    assert {part["type"] for part in line["elements"]} <= {"text", "date"}
    assert [button["action_id"] for button in buttons["elements"]] == [CANCEL]
    check_blocks(list(blocks), most=50, total=None)
    return "".join(part.get("text", "…") for part in line["elements"])


@pytest.mark.parametrize(
    ("title", "stage", "sentence"),
    [
        (TITLE, {}, "Transcribing “Call with the customer” (34 sec) with Botlhale AI."),
        (TITLE, {"sent": False}, "Sending “Call with the customer” (34 sec) to Botlhale AI."),
        (None, {}, "Transcribing this recording (34 sec) with Botlhale AI."),
        ("\x00\u200b", {"sent": False}, "Sending this recording (34 sec) to Botlhale AI."),
    ],
)
def test_one_sentence_says_what_and_with_whom(title: str | None, stage: dict[str, Any], sentence: str) -> None:
    text, blocks = told(title, **stage)
    assert (text, said(blocks)) == (sentence, sentence)


def test_when_it_is_expected_and_that_it_is_late_are_lines_of_their_own() -> None:
    text, blocks = told(expected=NOON)
    assert said(blocks).splitlines()[1:] == ["Ready around …."]
    assert text.endswith(" with Botlhale AI. Ready around 14:05 UTC.")
    assert said(told(late=True)[1]).splitlines()[1:] == [words.TAKES_LONGER]


def test_what_is_on_hold_says_why() -> None:
    text, blocks = on_hold(JOB, words.held_up_by_account("Botlhale AI"), title=TITLE)
    assert text == said(blocks)
    assert text == (
        "“Call with the customer” is on hold. Botlhale AI isn't accepting Threadscribe's account. The transcript "
        "follows once an admin fixes that."
    )
    assert on_hold(JOB, words.HELD_UP_BY_SLACK, title=None)[0].startswith("This recording is on hold. Threadscribe is")


@given(title=st.one_of(st.just(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]))))
def test_no_title_mentions_links_or_formats(title: str) -> None:
    for text, blocks in (told(title), on_hold(JOB, words.HELD_UP_BY_SLACK, title=title)):
        assert_nothing_to_parse(text)
        assert 0 < len(said(blocks)) < 400
