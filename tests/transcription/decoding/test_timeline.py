"""The clock of a recording: which jumps are silence, and which are not believed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.decoding.timeline import LONGEST_IN_ALL, LONGEST_JUMP, TOLERANCE, Timeline

HOUR, MINUTE = 3_600.0, 60.0


@pytest.mark.parametrize(
    ("stamp", "at", "length", "silence"),
    [
        (5.0, 0.0, 21.0, 5.0),
        (16.0, 8.0, 24.0, 8.0),
        (8.05, 8.0, 24.0, 0.0),  # jitter
        (None, 8.0, 24.0, 0.0),
        (math.nan, 8.0, 24.0, 0.0),
        (math.inf, 8.0, 24.0, 0.0),
        (2.0, 8.0, 24.0, 0.0),  # backwards
        (35 * MINUTE, 5 * MINUTE, 40 * MINUTE, 30 * MINUTE),
        (3 * HOUR, 10.0, 20.0, 0.0),
        (3 * HOUR, 10.0, None, 0.0),
        (9 * MINUTE, 0.0, None, 9 * MINUTE),
        (11 * MINUTE, 0.0, None, 0.0),
        (21.0, 8.0, 20.0, 13.0),  # a second more than the length is within it
        (21.5, 8.0, 20.0, 0.0),
        (50.0, 42.0, 20.0, 8.0),  # a length that is already exceeded is none
    ],
)
def test_a_jump_is_silence_if_the_recording_has_room_for_it(
    stamp: float | None, at: float, length: float | None, silence: float
) -> None:
    assert Timeline(origin=0.0, length=length).silence_before(stamp, at=at) == silence


def test_time_is_counted_from_the_earliest_start() -> None:
    """A transport stream may begin at an hour."""
    timeline = Timeline(origin=HOUR, length=None)
    assert timeline.silence_before(HOUR + 0.02, at=0.0) == 0.0
    assert timeline.silence_before(HOUR + 13.0, at=5.0) == 8.0


@pytest.mark.parametrize(("jump", "length"), [(3 * HOUR, 20.0), (3 * HOUR, None), (-5.0, 20.0)])
def test_what_is_not_believed_shifts_the_clock_for_what_follows(jump: float, length: float | None) -> None:
    timeline = Timeline(origin=0.0, length=length)
    assert timeline.silence_before(10.0 + jump, at=10.0) == 0.0
    assert timeline.silence_before(11.0 + jump, at=11.0) == 0.0
    assert timeline.silence_before(14.0 + jump, at=12.0) == 2.0
    assert timeline.ignored == max(jump, 0.0)


def test_a_clock_that_is_a_little_behind_is_not_set_again() -> None:
    """So that a gap later on brings the times back to right."""
    timeline = Timeline(origin=0.0, length=60.0)
    assert timeline.silence_before(9.5, at=10.0) == 0.0
    assert timeline.silence_before(18.0, at=10.0) == 8.0


def test_without_a_length_all_jumps_together_have_a_limit() -> None:
    timeline, at, filled = Timeline(origin=0.0, length=None), 0.0, 0.0
    stamp = 0.0
    for _ in range(10):
        stamp += LONGEST_JUMP
        silence = timeline.silence_before(stamp, at=at)
        at, filled = at + silence, filled + silence
    assert filled == LONGEST_IN_ALL


@given(st.lists(st.floats(-HOUR, HOUR), max_size=30), st.none() | st.floats(0, HOUR))
def test_no_recording_becomes_longer_than_it_can_be(jumps: list[float], length: float | None) -> None:
    timeline, stamp, at, sound = Timeline(origin=0.0, length=length), 0.0, 0.0, 0.0
    for jump in jumps:
        stamp += jump
        silence = timeline.silence_before(stamp, at=at)
        assert silence == 0.0 or silence > TOLERANCE
        at += silence + 0.02
        sound += 0.02
        stamp += 0.02
    assert at <= sound + LONGEST_IN_ALL + (length or 0.0) + 1.0
