"""A folded transcript: the same words, its first turns open, and within what Slack takes of a container."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.rendering.blocks import MESSAGE, SECTION, body, cost, fitting, sized
from bot.rendering.folding import CHILDREN, CONTAINER, OPEN, SCREENFUL, WORTH, folded_body, folded_sample
from sandbox.slack.block_kit import CHILDREN as KINDS
from sandbox.slack.block_kit import complaints_about
from transcription.naming import UNKNOWN_SPEAKER
from transcription.paragraphs import Paragraph


def said(text: str, *, by: str = "Speaker 1", at: int = 0) -> Paragraph:
    return Paragraph(speaker=by, start=timedelta(seconds=at), text=text)


def talk(count: int, *, length: int = 80, voices: int = 2, name: str = "Speaker {}") -> list[Paragraph]:
    return [said("w" * length, by=name.format(number % voices + 1), at=number) for number in range(count)]


def blocks_of(paragraphs: list[Paragraph], *, room: int = MESSAGE) -> list[dict[str, Any]]:
    return [block.to_dict() for block in folded_body(paragraphs, room=room)]


def texts(part: object) -> list[str]:
    match part:
        case {"type": "text", "text": str(text)}:
            return [text]
        case dict():
            return [text for value in part.values() for text in texts(value)]
        case list() | tuple():
            return [text for value in part for text in texts(value)]
    return []


def plainly(blocks: list[Block]) -> list[str]:
    return "".join(texts([block.to_dict() for block in blocks])).split()


def title_of(paragraphs: list[Paragraph]) -> str:
    return str(blocks_of(paragraphs)[-1]["title"]["text"])


def test_what_fits_a_phone_s_screen_is_shown_whole() -> None:
    paragraphs = talk(4)
    while sum(map(cost, paragraphs)) <= SCREENFUL:
        assert [block["type"] for block in blocks_of(paragraphs)] == ["rich_text"]
        paragraphs = talk(len(paragraphs) + 1)
    *opened, container = blocks_of(paragraphs)
    assert container["type"] == CONTAINER
    assert [block["type"] for block in opened] == ["rich_text"]
    shown, _ = fitting(paragraphs, budget=OPEN)
    assert len(texts(opened)) < len(texts(container))
    assert 0 < sum(map(cost, shown)) <= OPEN


@pytest.mark.parametrize(
    ("paragraphs", "title"),
    [
        (talk(30), "Show 26 more turns"),
        ([*talk(1, length=900), *talk(1, length=900, name="Speaker 2")], "Show 1 more turn"),
        (talk(8, length=600, voices=1), "Show more"),
        (talk(8, length=600, name="", voices=1), "Show more"),
        (talk(4, length=600, name=UNKNOWN_SPEAKER), "Show 3 more turns"),
    ],
    ids=["two voices", "one turn", "one voice goes on", "no voices", "nobody knows whose"],
)
def test_its_title_says_how_many_turns_there_are(paragraphs: list[Paragraph], title: str) -> None:
    assert title_of(paragraphs) == title


def test_a_word_or_two_at_the_end_are_not_folded() -> None:
    end = said("Thank you.", by="Speaker 2")
    assert cost(end) < WORTH
    assert all(block["type"] != CONTAINER for block in blocks_of([*talk(1, length=SCREENFUL), end]))


def test_where_its_title_does_not_fit_too_nothing_is_folded() -> None:
    paragraphs = talk(30)
    total = sum(map(cost, paragraphs))
    assert all(block["type"] != CONTAINER for block in blocks_of(paragraphs, room=total))
    assert blocks_of(paragraphs, room=total + 40)[-1]["type"] == CONTAINER


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3_400)), min_size=1, max_size=60))
def test_it_has_the_same_words_and_is_what_slack_takes(lengths: list[tuple[int, int]]) -> None:
    told = sized(
        said("&" * (length // 5) if who == 3 else "w" * length, by=f"Speaker {who}") for who, length in lengths
    )
    paragraphs, _ = fitting(told, budget=MESSAGE)
    found = list(folded_body(paragraphs, room=MESSAGE))
    assert plainly(found) == plainly(list(body(paragraphs)))
    for block in (each.to_dict() for each in found):
        assert list(complaints_about(block, children=KINDS)) == []
        assert len(block.get("child_blocks", [])) <= CHILDREN
    assert sum(block.to_dict()["type"] == CONTAINER for block in found) <= 1
    assert all(cost(each) <= SECTION for each in paragraphs)


def test_what_a_workspace_is_asked_about_is_folded_and_says_nothing_of_anybody() -> None:
    *opened, container = folded_sample()
    assert opened
    assert container["type"] == CONTAINER
    assert list(complaints_about(dict(container), children=KINDS)) == []
