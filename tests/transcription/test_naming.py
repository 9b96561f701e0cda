"""Speakers, languages, lengths and times as people are told them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from transcription.naming import in_words, language_name, one_line, shortened, speaker_names, time_mark
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
