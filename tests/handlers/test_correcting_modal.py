"""The modal that corrects a transcript, within Slack's limits whatever was said; and who edited, as a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers import words
from handlers.correcting_modal import (
    LONGEST_CORRECTION,
    MOST_LISTED,
    SHOWN,
    CorrectionContext,
    chosen_passage,
    context_of,
    first_page,
    is_ticked,
    last_page,
)
from storage.corrections import Correction
from transcription.correcting import PART, TurnPart, WordChange

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEAVY = "<!here> & :tada: 🎙" * 200


def part(number: int = 0, *, text: str = HEAVY[:PART], speaker: str = HEAVY[:60]) -> TurnPart:
    return TurnPart(turn=number, place=0, text=text, start=timedelta(hours=6, seconds=number), speaker=speaker)


def correction(version: int) -> Correction:
    change = WordChange(place=0, before=HEAVY[:LONGEST_CORRECTION], after=HEAVY[:LONGEST_CORRECTION])
    return Correction(version=version, turn=0, change=change, by="U1", name="Amara", at=NOON)


def texts(found: Any) -> list[dict[str, Any]]:
    """Every text object."""
    if isinstance(found, dict):
        own = [found] if found.get("type") in {"plain_text", "mrkdwn"} else []
        return own + [each for value in found.values() for each in texts(value)]
    return [each for value in found for each in texts(value)] if isinstance(found, list) else []


def test_the_first_page_stays_within_slacks_limits() -> None:
    history = [correction(version) for version in range(30, 0, -1)]
    context = context_of("a" * 10, NOON, page="find", newest=history[0])
    parts = [part(number) for number in range(MOST_LISTED + 1)]
    view = first_page(context, parts, history, newest=history[0], notice=words.CORRECTING_MORE_FOUND).to_dict()
    assert len(view["private_metadata"]) <= 3_000
    assert len(view["title"]["text"]) <= 24
    [options] = [
        block["element"]["options"] for block in view["blocks"] if block.get("block_id", "").startswith("pass")
    ]
    assert len(options) == len({option["value"] for option in options}) == MOST_LISTED
    for option in options:
        assert 0 < len(option["text"]["text"].encode("utf-16-le")) // 2 <= 75
        assert len(option["value"]) <= 75
    assert all(
        each["type"] == "plain_text" and not each.get("emoji") for each in texts(view["blocks"]) if "🎙" in str(each)
    )
    assert not any("<!" in each["text"] or ":tada:" in each["text"] for each in texts(view["blocks"]))
    [told] = [block for block in view["blocks"] if "strike" in str(block)]
    assert len(told["elements"]) == SHOWN
    assert len(str(told)) < 12_000


def test_words_of_the_last_page_fit_into_their_field() -> None:
    context = CorrectionContext(job="a", made=1, page="mend", length=PART)
    emoji = "🎙" * PART
    view = last_page(
        context, part(text=emoji), remembers=True, notice="n", unsaved=HEAVY[:LONGEST_CORRECTION]
    ).to_dict()
    [field, tick] = [block["element"] for block in view["blocks"] if block["type"] == "input"]
    assert field["initial_value"] == emoji
    assert len(emoji.encode("utf-16-le")) // 2 <= field["max_length"] == LONGEST_CORRECTION
    assert len(tick["options"]) == 1


def test_every_page_has_block_ids_of_its_own() -> None:
    """Slack keeps what was entered in a block id that it knows."""
    contexts = [
        CorrectionContext(job="a", made=1),
        CorrectionContext(job="a", made=2),
        CorrectionContext(job="a", made=1, page="mend"),
        CorrectionContext(job="a", made=1, page="mend", seen=1),
        CorrectionContext(job="a", made=1, page="mend", turn=1),
        CorrectionContext(job="a", made=1, undoes=1),
    ]
    assert len({context.stamp for context in contexts}) == len(contexts)
    assert CorrectionContext.load(contexts[3].dump()) == contexts[3]


@pytest.mark.parametrize("value", ["", "1", "1:", ":1", "-1:0", "1:x", "٣:0", "1:1:1", "9" * 30 + ":0"])
def test_what_was_never_offered_is_not_chosen(value: str) -> None:
    field = {"passage": {"type": "static_select", "selected_option": {"value": value}}}
    assert chosen_passage({"passage:x": field}) is None


def test_malformed_ticks_are_none() -> None:
    fields: list[Any] = [None, {}, {"undo": None}, {"undo": {"selected_options": "yes"}}]
    for field in fields:
        assert not is_ticked({"undo:1": field}, "undo")
    assert is_ticked({"undo:1": {"undo": {"selected_options": [{"value": "yes"}]}}}, "undo")


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["Amara"], "Edited by Amara"),
        (["Amara", "Ben"], "Edited by Amara and Ben"),
        (["Amara", "Ben", "Cleo"], "Edited by Amara, Ben and Cleo"),
        (["Amara", "Ben", "Cleo", "Dineo", "Efe"], "Edited by Amara, Ben and 3 more"),
        ([""], "Edited"),
        (["", ""], "Edited"),
        (["", "Ben"], "Edited by Ben and 1 more"),
        (["", "Ben", "", "Dineo"], "Edited by Ben, Dineo and 2 more"),
    ],
)
def test_who_edited_is_one_short_line(names: list[str], line: str) -> None:
    assert words.edited_by(words.people(names)) == line


def test_without_corrections_nobody_edited() -> None:
    assert words.people([]) == ""
