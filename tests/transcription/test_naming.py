"""Speakers, languages, lengths and times as people are told them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.naming import (
    in_words,
    language_name,
    named,
    one_line,
    short_length,
    shortened,
    speaker_names,
    time_mark,
)
from transcription.transcript import Speaker, Transcript, Turn


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a second"),
        (1, "1 second"),
        (60, "1 minute"),
        (134, "2 minutes 14 seconds"),
        (3599.7, "1 hour"),
        (3725, "1 hour 2 minutes"),
        (24_000, "6 hours 40 minutes"),
    ],
)
def test_lengths_are_said_in_words(seconds: float, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "under 1 sec"),
        (0.6, "1 sec"),
        (34, "34 sec"),
        (59.4, "59 sec"),
        (59.6, "1 min"),
        (89, "1 min"),
        (90, "2 min"),
        (720, "12 min"),
        (3_569, "59 min"),
        (3_570, "1 hr"),
        (3_900, "1 hr 5 min"),
        (24_000, "6 hr 40 min"),
    ],
)
def test_lengths_are_said_in_few_characters(seconds: float, said: str) -> None:
    assert short_length(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(("seconds", "mark"), [(0, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03")])
def test_moments_are_marked_as_people_write_them(seconds: float, mark: str) -> None:
    assert time_mark(timedelta(seconds=seconds)) == mark


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("nso-ZA", "Sepedi"),
        ("vr-ZA", "Tshivenda"),
        ("ka-KE", "Kikamba"),
        ("ka-GE", "ka-GE"),
        ("EN_us", "English"),
        ("English", "English"),
        ("th", "Thai"),
        ("", ""),
    ],
)
def test_languages_are_named_where_they_are_known(code: str, name: str) -> None:
    assert language_name(code) == name


def test_a_speaker_keeps_the_number_of_the_first_appearance() -> None:
    speakers = [
        Speaker(label="b"),
        Speaker(label="a", name="Thandi"),
        Speaker(label="c"),
        Speaker(label="b", name="Ben"),
    ]
    turns = tuple(Turn(start=timedelta(), end=timedelta(), text="x", speaker=speaker) for speaker in speakers)
    assert speaker_names(Transcript(turns=turns, duration=timedelta())) == {"b": "Ben", "a": "Thandi", "c": "Speaker 3"}


def test_a_line_is_one_line_that_can_be_encoded() -> None:
    assert one_line(" a\r\n\tb\x00\u202ec\u2028d\ud83d ") == "a bc d\ufffd"


def test_shortening_shows_that_something_is_missing() -> None:
    assert shortened("abcdef", limit=6) == "abcdef"
    assert shortened("abcde fgh", limit=7) == "abcde…"


def talk(*labels: str | None) -> Transcript:
    second = timedelta(seconds=1)
    turns = [
        Turn(start=n * second, end=(n + 1) * second, text=f"Word {n}.", speaker=Speaker(label=label) if label else None)
        for n, label in enumerate(labels)
    ]
    return Transcript(turns=tuple(turns), duration=len(labels) * second)


def test_names_are_given_by_label_and_the_others_keep_their_numbers() -> None:
    told = named(talk("A", "B", "C", None), {"B": "Thandi"})
    assert speaker_names(told) == {"A": "Speaker 1", "B": "Thandi", "C": "Speaker 3"}
    assert told.turns[3].speaker is None


def test_who_got_one_name_is_one_speaker_and_nobody_else_gets_another_number() -> None:
    told = named(talk("A", "B", "C", "D"), {"A": "Thandi", "C": " THANDI"})
    assert speaker_names(told) == {"A": "Thandi", "B": "Speaker 2", "D": "Speaker 4"}
    assert [turn.speaker.label for turn in told.turns if turn.speaker] == ["A", "B", "A", "D"]


def test_a_name_that_is_another_ones_number_joins_them() -> None:
    assert speaker_names(named(talk("A", "B"), {"B": "speaker 1"})) == {"A": "Speaker 1"}


def test_without_names_nothing_changes() -> None:
    whole = talk("A", "B")
    assert named(whole, {}) is whole
    assert named(whole, {"X": "Nobody", "A": " \n"}) is whole


@given(
    labels=st.lists(st.sampled_from("ABCDE") | st.none(), max_size=12),
    names=st.dictionaries(st.sampled_from("ABCDEF"), st.text(max_size=80), max_size=6),
)
def test_naming_loses_no_word_and_no_moment(labels: list[str | None], names: dict[str, str]) -> None:
    whole = talk(*labels)
    told = named(whole, names)

    assert [(turn.start, turn.end, turn.text) for turn in told.turns] == [
        (turn.start, turn.end, turn.text) for turn in whole.turns
    ]
    shown = speaker_names(told)
    assert len(set(map(str.casefold, shown.values()))) == len(shown), "one name, one speaker"
    assert set(shown) <= {label for label in labels if label}
