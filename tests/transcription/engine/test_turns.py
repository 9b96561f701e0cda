"""From passages and words to readable turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sandbox.voices import SAMPLES
from tests.transcription.spoken import as_wav, decoded, noise, silence
from transcription.engine.draft import drafted
from transcription.engine.recognition import Word, passages, words
from transcription.engine.segmentation import Span
from transcription.engine.speakers import NOBODY, Labels
from transcription.engine.turns import readable, together, turns
from transcription.engine.waveform import Waveform


def labelled(length: int, *spans: tuple[int, int, int]) -> Labels:
    found = np.full(length, NOBODY, np.int16)
    for start, end, voice in spans:
        found[start:end] = voice
    return found


def word(text: str, start: int, end: int) -> Word:
    return Word(text=text, place=Span(start, end))


def test_a_turn_ends_where_the_voice_changes() -> None:
    labels = labelled(200, (0, 90, 0), (100, 200, 1))
    found = turns([word("yes", 0, 40), word("please", 45, 90), word("no", 100, 150)], labels=labels)
    assert [(turn.voice, turn.start, turn.end, turn.text) for turn in found] == [
        (0, 0, 90, "Yes please."),
        (1, 100, 150, "No."),
    ]


def test_a_turn_ends_at_a_long_pause_and_not_at_a_short_one() -> None:
    labels = labelled(1000, (0, 1000, 0))
    found = turns([word("one", 0, 50), word("two", 180, 250), word("three", 410, 450)], labels=labels)
    assert [turn.text for turn in found] == ["One two.", "Three."]


def test_a_word_on_the_border_goes_to_the_voice_that_has_most_of_it() -> None:
    labels = labelled(100, (0, 45, 0), (45, 100, 1))
    found = turns([word("mine", 10, 50), word("yours", 40, 90)], labels=labels)
    assert [turn.voice for turn in found] == [0, 1]


def test_a_word_in_a_pause_goes_to_the_nearest_voice() -> None:
    labels = labelled(100, (0, 20, 0), (80, 100, 1))
    assert [turn.voice for turn in turns([word("a", 30, 40), word("b", 60, 70)], labels=labels)] == [0, 1]


def test_a_word_beyond_the_last_frame_has_a_voice() -> None:
    assert turns([word("late", 100, 110)], labels=labelled(100, (0, 50, 1)))[0].voice == 1


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=30))
def test_every_word_is_in_exactly_one_turn(places: list[tuple[int, int]]) -> None:
    labels = labelled(200, (0, 60, 0), (80, 120, 1), (150, 200, 0))
    said = [word(f"w{at}", start, start + length) for at, (start, length) in enumerate(sorted(places))]
    spoken = " ".join(turn.text.rstrip(".").lower() for turn in turns(said, labels=labels))
    assert spoken == " ".join(each.text for each in said)


def test_a_word_whose_times_are_rough_stays_with_its_phrase() -> None:
    labels = labelled(300, (0, 100, 0), (130, 300, 1))
    said = [word("is", 40, 80), word("it?", 80, 125), word("No,", 95, 150), word("never.", 150, 320)]
    found = turns(said, labels=labels, punctuated=True)
    assert [(turn.voice, turn.start, turn.end, turn.text) for turn in found] == [
        (0, 40, 100, "is it?"),
        (1, 130, 300, "No, never."),
    ]


def test_a_word_in_a_phrase_of_one_voice_is_that_voices() -> None:
    labels = labelled(300, (0, 100, 0), (112, 300, 1))
    said = [word("So", 0, 40), word("on.", 40, 108), word("Yes", 104, 160)]
    assert [turn.voice for turn in turns(said, labels=labels)] == [0, 1]


def test_punctuation_and_capitals_of_the_recogniser_are_kept() -> None:
    said = ["Hello,", "iPhone", "of", "May", "and", "march"]
    assert together([word(text, 0, 20) for text in said]) == "Hello, iPhone of May and march"
    assert turns([word("OK", 0, 20)], labels=labelled(30, (0, 30, 0)), punctuated=True)[0].text == "OK"


def test_with_punctuation_a_turn_ends_at_a_pause_behind_a_sentence_only() -> None:
    labels = labelled(3000, (0, 3000, 0))
    said = [word("So", 0, 50), word("then", 250, 300), word("stop.\u201d", 310, 350), word("Well", 550, 600)]
    texts = [turn.text for turn in turns(said, labels=labels, punctuated=True)]
    assert texts == ["So then stop.\u201d", "Well"]


def test_a_sentence_that_does_not_end_is_broken_by_a_long_pause() -> None:
    labels = labelled(3000, (0, 3000, 0))
    said = [word("So", 0, 50), word("then", 560, 600)]
    assert len(turns(said, labels=labels, punctuated=True)) == 2


def test_where_nobody_was_heard_a_word_is_the_first_voices() -> None:
    found = turns([word("what", 3, 9)], labels=labelled(20))
    assert [(turn.voice, turn.start, turn.end) for turn in found] == [(0, 3, 9)]


def test_capitals_stand_where_they_are_certain() -> None:
    assert readable(["on", "monday", "i", "think", "i'll", "march"]) == "On Monday I think I'll march."
    assert readable(["friday's", "fine"]) == "Friday's fine."


def test_phrases_of_one_voice_are_recognised_together_and_those_of_two_are_not() -> None:
    labels = labelled(500, (0, 100, 0), (120, 200, 0), (220, 300, 1), (390, 500, 1))
    phrases = [Span(0, 100), Span(120, 200), Span(220, 300), Span(390, 500)]
    assert passages(phrases, labels=labels) == [Span(0, 200), Span(220, 300), Span(390, 500)]


def test_no_passage_is_longer_than_fifteen_seconds() -> None:
    labels = labelled(4000, (0, 4000, 0))
    found = passages([Span(0, 3200), Span(3210, 3900)], labels=labels)
    assert max(len(passage) for passage in found) <= 1500
    assert sum(len(passage) for passage in found) >= 3890


def test_beyond_the_end_there_are_no_words(tmp_path: Path) -> None:
    with Waveform(as_wav(silence(2), tmp_path / "silence.wav")) as waveform:
        assert words(waveform, places=[Span(200, 300), Span(400, 401)]) == []


def test_nothing_is_said_in_silence_and_noise_is_survived(tmp_path: Path) -> None:
    assert drafted(as_wav(silence(3), tmp_path / "silence.wav")).turns == ()
    assert drafted(as_wav(silence(0), tmp_path / "nothing.wav")).turns == ()
    assert drafted(as_wav(noise(3), tmp_path / "noise.wav")).seconds == 3


def test_a_third_of_a_second_is_enough_to_work_on(tmp_path: Path) -> None:
    piece = decoded(SAMPLES["note"].path)[16_000 : 16_000 + 4_800]
    draft = drafted(as_wav(piece, tmp_path / "short.wav"))
    assert draft.seconds == 0.3
    assert len(draft.turns) <= 1
