"""Cutting long text: within the limit, nothing lost, and no character torn."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.cutting import joint, pieces, sentences, visible_characters
from transcription.naming import one_line


def cut(text: str, *, limit: int) -> list[str]:
    return [piece for _, piece in pieces(text, limit=limit)]


def test_text_is_cut_after_the_last_sentence_that_fits() -> None:
    assert cut("One here. Two here. Three here.", limit=20) == ["One here. Two here.", "Three here."]


def test_text_without_sentences_is_cut_between_words() -> None:
    assert cut("one two three four", limit=9) == ["one two", "three", "four"]


def test_a_sentence_near_the_beginning_does_not_make_a_crumb() -> None:
    assert cut("No. " + "a" * 10 + " " + "b" * 20, limit=24) == ["No. " + "a" * 10, "b" * 20]


@pytest.mark.parametrize("drawn", ["👩🏽‍🚀", "🇿🇦", "กำ", "เก้า", "ເກົ້າ", "ខ្ញុំ", "e\u0301\u0323", "ᄒ\u1161\u11ab"])
def test_what_is_drawn_as_one_is_never_torn(drawn: str) -> None:
    text = "x" + drawn * 200
    for limit in range(40, 60):
        assert all(not piece.removeprefix("x").replace(drawn, "") for piece in cut(text, limit=limit))


@pytest.mark.parametrize("drawn", ["👩🏽‍🚀", "🇿🇦", "กำ", "ເກົ້າ", "ခ္ခ", "x", "e\u0301\u0323"])
def test_a_text_is_split_into_what_is_drawn_as_one(drawn: str) -> None:
    assert list(visible_characters(drawn * 3 + "y")) == [drawn, drawn, drawn, "y"]


@given(st.text(max_size=200))
def test_visible_characters_lose_nothing_and_are_never_long(text: str) -> None:
    found = list(visible_characters(text))
    assert "".join(found) == text
    assert all(1 <= len(character) <= 64 for character in found)


def test_nothing_but_marks_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in cut("\u0301" * 250, limit=100)] == [100, 100, 50]


@given(st.text(max_size=400).map(one_line), st.integers(3, 90))
def test_pieces_are_short_enough_lose_nothing_and_know_their_place(text: str, limit: int) -> None:
    found = list(pieces(text, limit=limit))
    assert all(len(piece) <= limit for _, piece in found)
    assert all(text[offset : offset + len(piece)] == piece for offset, piece in found)
    assert "".join(piece for _, piece in found).replace(" ", "") == text.replace(" ", "")


@given(st.text('ab .!?。"” กำ', max_size=300).map(one_line))
def test_sentences_lose_nothing_and_know_their_place(text: str) -> None:
    found = list(sentences(text))
    assert all(sentence and text[offset : offset + len(sentence)] == sentence for offset, sentence in found)
    assert "".join(sentence for _, sentence in found).replace(" ", "") == text.replace(" ", "")


def test_thai_is_never_cut_before_a_mark() -> None:
    text = "สวัสดีครับวันนี้เราจะมาคุยกันเรื่องการประชุมที่น้ำตก" * 20
    for limit in range(50, 90):
        assert not any(unicodedata.category(piece[0]).startswith("M") for piece in cut(text, limit=limit))


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("Good morning.", "Hello.", " "),
        ("สวัสดีครับ", "วันนี้", ""),
        ("OK", "ครับ", " "),
        ("ครับ", "OK", " "),
        ("๑", "๒", " "),
        ("ต่างๆ", "ครับ", " "),
        ("你好。", "世界", ""),
        ("안녕하세요", "세계", " "),
        ("", "x", " "),
    ],
)
def test_texts_are_joined_by_a_space_where_their_script_has_spaces(before: str, after: str, between: str) -> None:
    assert joint(before, after) == between
