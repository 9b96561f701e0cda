"""What of a transcript is corrected at once, what changes, and which words are new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.correcting import (
    PART,
    WordChange,
    change_of,
    differing_words,
    mended,
    new_terms,
    turn_parts,
    turn_parts_of,
)
from transcription.naming import one_line
from transcription.transcript import Speaker, Transcript, Turn

SECOND = timedelta(seconds=1)


def transcript_of(*said: str) -> Transcript:
    turns = (
        Turn(start=n * SECOND, end=(n + 1) * SECOND, text=text, speaker=Speaker(label=f"s{n % 2}"))
        for n, text in enumerate(said)
    )
    return Transcript(turns=tuple(turns), duration=len(said) * SECOND)


def test_a_turn_is_one_part_and_a_long_one_several() -> None:
    transcript = transcript_of("Hello.\nYou.", "", "A word. " * 400)
    parts = list(turn_parts(transcript))
    assert [(part.turn, part.place, part.text) for part in parts[:2]] == [(0, 0, "Hello. You."), (1, 0, "")]
    assert {part.turn for part in parts[2:]} == {2}
    assert len(parts) == 5
    assert all(len(part.text) <= PART for part in parts)
    assert [part.speaker for part in parts[:3]] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert parts[2].start == 2 * SECOND < parts[3].start < 3 * SECOND
    assert turn_parts_of(transcript, 2) == parts[2:]
    assert turn_parts_of(transcript, 3) == turn_parts_of(transcript, -1) == []


@given(said=st.text(max_size=60), entered=st.text(max_size=60), turn=st.integers(0, 2), which=st.integers(0, 9))
def test_every_change_can_be_taken_back_exactly(said: str, entered: str, turn: int, which: int) -> None:
    transcript = transcript_of(said, f"{said} and " * 60, "words. " * 450)
    line = one_line(transcript.turns[turn].text)
    parts = turn_parts_of(transcript, turn)
    change = change_of(transcript, parts[which % len(parts)], said=entered)
    if change is None:
        return
    after = mended(transcript, turn, change)
    assert after is not None
    assert after == one_line(after), "one line with single spaces"
    assert one_line(entered) in after
    back = WordChange(place=change.place, before=change.after, after=change.before)
    texts = [after if n == turn else each.text for n, each in enumerate(transcript.turns)]
    assert mended(transcript_of(*texts), turn, back) == line


def test_nothing_changes_where_other_words_are() -> None:
    transcript = transcript_of("Hello.")
    assert change_of(transcript, turn_parts_of(transcript, 0)[0], said="  Hello.\n") is None
    assert mended(transcript, 0, WordChange(place=0, before="Hullo", after="x")) is None
    assert mended(transcript, 0, WordChange(place=-1, before="", after="x")) is None
    assert mended(transcript, 1, WordChange(place=0, before="", after="x")) is None


@pytest.mark.parametrize(
    ("before", "after", "differing"),
    [
        ("The delivary is on time.", "The delivery is on time.", ("delivary", "delivery")),
        ("I met them.", "I have met them.", ("I met", "I have met")),
        ("met them.", "I met them.", ("met", "I met")),
        ("well we we wait", "well we wait", ("we we wait", "we wait")),
        ("One.", "One. Two.", ("One.", "One. Two.")),
        ("One.", "Two.", ("One.", "Two.")),
        ("All of it.", "", ("All of it.", "")),
        ("", "All of it.", ("", "All of it.")),
    ],
)
def test_only_what_differs_is_shown(before: str, after: str, differing: tuple[str, str]) -> None:
    assert differing_words(before, after) == differing


@given(before=st.lists(st.sampled_from("abc"), max_size=6), after=st.lists(st.sampled_from("abc"), max_size=6))
def test_what_differs_is_never_left_out(before: list[str], after: list[str]) -> None:
    old, new = differing_words(" ".join(before), " ".join(after))
    assert (old != new) or before == after
    assert bool(old) == bool(before)
    assert bool(new) == bool(after)


@pytest.mark.parametrize(
    ("before", "after", "terms"),
    [
        ("Good morning, tembisa speaking.", "Good morning, Thembisa speaking.", ["Thembisa"]),
        ("mister clamini said so", "Thembisa Dlamini said so", ["Thembisa Dlamini"]),
        ("I met them and saw", "I met Ben, Cleo and saw", ["Ben", "Cleo"]),
        ("the delivary", "the delivery", []),
        ("the end", "The end", []),
        ("about i s o 27001", "about ISO 27001", ["ISO"]),
        ("call be two be", "call B2B (today)", ["B2B"]),
        ("hello", "hello", []),
        ("hello", "", []),
        ("พบ โซมชาย วันนี้", "พบ สมชาย วันนี้", ["สมชาย"]),
        ("x", "A" * 81, []),
    ],
)
def test_names_and_terms_that_are_new(before: str, after: str, terms: list[str]) -> None:
    assert new_terms(before, after) == terms


def test_of_many_new_names_the_first_are_kept() -> None:
    names = [f"Name{number}" for number in range(30)]
    assert new_terms("", ", ".join(names)) == names[:10]


def test_a_passage_that_says_one_word_again_and_again_is_compared_once_through() -> None:
    assert new_terms(" ".join(["a"] * 50_000), " ".join(["A", "a"] * 50_000)) == []
    assert new_terms("so " * 50_000, "so " * 50_000 + "Thandi 12,500 X9") == ["Thandi", "X9"]
