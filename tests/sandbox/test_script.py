"""What the providers' stand-ins hear when nobody tells them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sandbox.script import BOTLHALE_LINES, GOWAJEE_LINES, Heard, Segment, invent, play
from sandbox.voices import SAMPLES

LENGTHS = {"note": 16.256, "second_note": 14.768, "dialogue": 33.536, "clip": 14.72, "call": 27.392, "meeting": 51.037}


def heard(seconds: float) -> Heard:
    return Heard(name="recording", seconds=seconds, sha256="0" * 64)


@pytest.mark.parametrize("name", ["dialogue", "note", "call", "meeting"])
def test_a_sample_is_known_by_its_length_and_answered_with_its_lines(name: str) -> None:
    segments = play(None, heard(LENGTHS[name]), lines=BOTLHALE_LINES)
    sample = SAMPLES[name]
    assert [segment.text for segment in segments] == [line.text for line in sample.lines]
    assert segments[0].speaker == 0
    assert {segment.speaker for segment in segments} == set(range(sample.speakers))


def test_two_samples_of_nearly_one_length_are_told_apart() -> None:
    for name in ("clip", "second_note"):
        segments = play(None, heard(LENGTHS[name]), lines=BOTLHALE_LINES)
        assert segments[0].text == SAMPLES[name].lines[0].text


@pytest.mark.parametrize("seconds", [0.4, 3, 6, 6.5, 9, 9.5, 100.03, 3600])
def test_any_other_recording_is_covered_by_two_speakers_in_alternation(seconds: float) -> None:
    segments = invent(seconds, GOWAJEE_LINES)
    assert (segments[0].start, segments[-1].end) == (0, seconds)
    assert all(before.end == after.start for before, after in pairwise(segments))
    assert all(before.speaker != after.speaker for before, after in pairwise(segments))
    assert all(min(3, seconds) <= round(one.end - one.start, 6) <= 6 for one in segments)
    assert invent(seconds, GOWAJEE_LINES) == segments


def test_nothing_is_heard_in_no_sound() -> None:
    assert play(None, heard(0), lines=BOTLHALE_LINES) == []


def test_a_script_comes_before_everything_else() -> None:
    segment = Segment(start=0, end=1, speaker=0, text="So be it.")
    assert play([segment], heard(LENGTHS["note"]), lines=BOTLHALE_LINES) == [segment]
    assert play(lambda one: [segment] if one.name == "recording" else [], heard(1), lines=BOTLHALE_LINES) == [segment]
    assert play([], heard(5), lines=BOTLHALE_LINES) == []
