"""When to look for a transcript: in proportion, then by what is known, and never too often or too late."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.worker.polling import first_poll, is_overdue, next_poll, time_taken
from storage.claiming import FARTHEST
from storage.speeds import START, UNKNOWN, Speed
from transcription.botlhale.transcriber import Botlhale
from transcription.transcriber import PollSchedule

ASKED: PollSchedule = Botlhale.capabilities.poll_schedule
CALLED = replace(ASKED, called=True)
HOUR = timedelta(hours=1)
SIZE = HOUR + START
KNOWN = Speed(jobs=50, mean=-2.0, variance=0.01)

lengths = st.timedeltas(timedelta(0), timedelta(hours=7))
ages = st.timedeltas(timedelta(0), timedelta(days=1))
speeds = st.builds(Speed, jobs=st.integers(0, 1000), mean=st.floats(-12, 4), variance=st.floats(0, 9))


def test_without_knowledge_looks_come_in_proportion_to_the_length() -> None:
    assert first_poll(ASKED, HOUR) == 0.05 * HOUR
    assert next_poll(ASKED, HOUR, age=0.05 * HOUR) == 0.014 * HOUR
    assert first_poll(ASKED, timedelta(seconds=5)) == ASKED.soonest


def test_with_knowledge_they_begin_when_the_fastest_are_ready() -> None:
    expected = KNOWN.expected(HOUR)

    first = first_poll(ASKED, HOUR, KNOWN)
    assert 0.7 * expected < first < 0.9 * expected
    assert next_poll(ASKED, HOUR, KNOWN, age=first) < 0.02 * expected


def test_who_is_uncertain_begins_earlier_and_looks_less_often() -> None:
    vague = replace(KNOWN, variance=0.25)

    assert first_poll(ASKED, HOUR, vague) < first_poll(ASKED, HOUR, KNOWN)
    assert next_poll(ASKED, HOUR, vague, age=HOUR / 10) > next_poll(ASKED, HOUR, KNOWN, age=HOUR / 10)


def test_whoever_is_called_looks_only_for_calls_that_got_lost() -> None:
    assert first_poll(CALLED, HOUR, KNOWN) > KNOWN.expected(HOUR)
    assert next_poll(CALLED, HOUR, KNOWN, age=HOUR / 7) == KNOWN.expected(HOUR) * 0.1


def test_what_is_late_is_looked_for_ever_more_seldom() -> None:
    late = 3 * KNOWN.expected(HOUR)

    assert next_poll(ASKED, HOUR, KNOWN, age=late) == 0.1 * late


def test_only_time_in_which_work_is_said_to_go_on_makes_a_recording_overdue() -> None:
    patience = 3 * HOUR
    assert not is_overdue(ASKED, HOUR, observed=patience + timedelta(hours=1), waited=patience)
    assert is_overdue(ASKED, HOUR, observed=patience, waited=patience + timedelta(seconds=1))
    assert not is_overdue(ASKED, timedelta(seconds=9), observed=HOUR, waited=timedelta(minutes=30))


def test_nothing_is_waited_for_longer_than_a_day_beyond_its_patience() -> None:
    assert not is_overdue(ASKED, HOUR, observed=timedelta(hours=27), waited=timedelta(0))
    assert is_overdue(ASKED, HOUR, observed=timedelta(hours=27, seconds=1), waited=timedelta(0))


@given(pace=st.sampled_from([ASKED, CALLED]), length=lengths, speed=speeds, age=ages, chance=st.floats(0, 1))
def test_no_look_comes_at_once_or_never(
    pace: PollSchedule, length: timedelta, speed: Speed, age: timedelta, chance: float
) -> None:
    assert pace.soonest <= first_poll(pace, length, speed) <= FARTHEST
    wait = next_poll(pace, length, speed, age=age, chance=chance)
    assert pace.soonest <= wait <= 1.1 * max(pace.latest, age / 10)


def test_what_the_provider_tells_of_is_known_to_the_moment() -> None:
    assert time_taken(CALLED, HOUR, KNOWN, age=HOUR / 8, misses=0, called=True) == HOUR / 8


def test_what_was_found_is_taken_to_lie_between_two_looks() -> None:
    age = HOUR / 7
    last = next_poll(ASKED, HOUR, KNOWN, age=age)

    assert time_taken(ASKED, HOUR, KNOWN, age=age, misses=3, called=False) == age - last / 2


def test_what_was_there_at_the_first_look_was_ready_before() -> None:
    found = time_taken(ASKED, HOUR, KNOWN, age=HOUR / 9, misses=0, called=False)
    assert found is not None
    assert found < HOUR / 9


@pytest.mark.parametrize("called", [False, True])
def test_a_first_look_that_came_much_too_late_tells_nothing(called: bool) -> None:  # noqa: FBT001 - a parameter
    pace = CALLED if called else ASKED
    assert time_taken(pace, HOUR, KNOWN, age=3 * HOUR, misses=0, called=called) is None


@given(length=lengths, speed=speeds, age=ages, misses=st.integers(0, 9))
def test_a_recording_never_took_longer_than_one_waited(
    length: timedelta, speed: Speed, age: timedelta, misses: int
) -> None:
    found = time_taken(ASKED, length, speed, age=age, misses=misses, called=False)
    assert found is None or timedelta(0) <= found <= age


def test_unknown_is_no_knowledge() -> None:
    assert first_poll(ASKED, HOUR, UNKNOWN) == first_poll(ASKED, HOUR)
