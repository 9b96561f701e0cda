"""How what people look for is compared with what was said: the same in every language, and nothing is overlooked."""

from __future__ import annotations

import random

import pytest

from storage.ngrams import folded, grams, needle, spans, terms

SAID = "Ünïcode Straße AI ที่ประชุมวันพุธ 会議は水曜日 회의는 don't e\u0301lan \u05e9\u05c1 R2-D2 ﬁnal"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("delivery Monday", ("delivery", "monday")),
        ('"second delivery" monday', ("second delivery", "monday")),
        ("“second delivery” «on Monday»", ("second delivery", "on monday")),
        ("「第二 会議」 ‘second delivery’", ("第二 会議", "second delivery")),
        ("‘don’t stop’ don’t", ("don t stop", "don t")),
        ("the boys’ room ‘umar", ("the", "boys", "room", "umar")),
        ("“he said ‘yes’ then” ‘all “of” it’", ("he said yes then", "all of it")),
        ('an "open end', ("an", "open end")),
        ("again again AGAIN", ("again",)),
        ("Größe ÉLAN ﬁn", ("grosse", "elan", "fin")),
        ("don't", ("don t",)),
        ("ประชุม", ("ประชุม",)),
        ('a*b NEAR(x, 2) -c:d OR {e} "', ("a b", "near x", "2", "c d", "or", "e")),
        ("%_\\ '; -- \0\ud83d 🎙 \u202e", ()),
        ("", ()),
    ],
)
def test_what_is_typed_is_taken_apart_into_words_and_phrases(asked: str, wanted: tuple[str, ...]) -> None:
    assert terms(asked) == wanted


@pytest.mark.parametrize(
    "word",
    [
        "unicode",
        "ÜNÏ",
        "strasse",
        "straße",
        "ai",
        "ที่",
        "ประชุม",
        "พ",
        "วันพุธ",
        "会",
        "会議",
        "水曜",
        "회의",
        "회",
        "don't",
        "élan",
        '"ai ที่"',
        "d2",
        "final",
        "ﬁ",
        "nal",
        "ש",
    ],
)
def test_a_word_is_found_in_what_was_said(word: str) -> None:
    [term] = terms(word)
    assert (needle(term) in folded(SAID)) == (word != "ﬁ")  # as two letters it is a word of its own
    if word != "ﬁ":
        assert grams(term) <= grams(folded(SAID))
        assert spans(SAID, [term])


@pytest.mark.parametrize(
    ("said", "asked"),
    [("We said so", "ai"), ("again", "a"), ("R2D2", "D2"), ("ที", "ที่"), ("second. third delivery", '"second delivery"')],
)
def test_what_is_not_it_is_not_found(said: str, asked: str) -> None:
    [term] = terms(asked)
    assert needle(term) not in folded(said)
    assert spans(said, [term]) == []


def test_the_grams_of_a_term_are_in_every_text_that_it_is_in() -> None:
    chance = random.Random(9)
    letters = ["a", "b", "é", " ", " ", "-", "ก", "ี", "会", "議", "の", "회", "ß", "1"]
    for _ in range(3000):
        said = "".join(chance.choices(letters, k=30))
        start = chance.randrange(25)
        for term in terms(f'"{said[start : start + chance.randrange(1, 9)]}"'):
            if needle(term) in folded(said):
                assert grams(term) <= grams(folded(said)), (said, term)
                assert spans(said, [term]), (said, term)


def test_where_it_stands_is_told_in_what_was_said_itself() -> None:
    said = "Große Größe e\u0301lan, GROSSE  Sache: grosse"
    shown = [said[start:end] for start, end in spans(said, terms("grosse elan sache"))]
    assert shown == ["Große", "Größe", "e\u0301lan", "GROSSE", "Sache", "grosse"]
    assert spans("aaa bbb", terms("aaa aa aab bbb")) == [(0, 3), (4, 7)]
    assert [said[start:end] for start, end in spans(said, terms('"grosse sache"'))] == ["GROSSE  Sache"]
