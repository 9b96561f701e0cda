"""Pace: a channel gets a message a second, a provider that asked for rest gets it, and nothing is kept for ever."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.worker.rate_limits import CHANNEL_INTERVAL, RateLimits

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_the_first_message_goes_at_once_and_the_next_a_second_later() -> None:
    limits = RateLimits()
    assert limits.message_slot("C1", "a", now=NOON) is None
    assert limits.message_slot("C1", "b", now=NOON) == NOON + CHANNEL_INTERVAL
    assert limits.message_slot("C1", "c", now=NOON) == NOON + 2 * CHANNEL_INTERVAL


def test_channels_do_not_wait_for_each_other() -> None:
    limits = RateLimits()
    assert limits.message_slot("C1", "a", now=NOON) is None
    assert limits.message_slot("C2", "b", now=NOON) is None


def test_a_slot_once_given_is_kept_however_often_it_is_asked_for() -> None:
    limits = RateLimits()
    limits.message_slot("C1", "a", now=NOON)
    slot = limits.message_slot("C1", "b", now=NOON)
    assert limits.message_slot("C1", "b", now=NOON + CHANNEL_INTERVAL / 2) == slot
    assert limits.message_slot("C1", "b", now=NOON + CHANNEL_INTERVAL) is None


def test_a_quiet_channel_makes_nobody_wait() -> None:
    limits = RateLimits()
    limits.message_slot("C1", "a", now=NOON)
    assert limits.message_slot("C1", "b", now=NOON + timedelta(hours=1)) is None


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 3000)), max_size=40))
def test_whoever_keeps_to_the_slots_never_sends_two_messages_within_a_second(arrivals: list[tuple[str, int]]) -> None:
    limits = RateLimits()
    waiting = [(NOON + timedelta(milliseconds=ms), channel, f"job {n}") for n, (channel, ms) in enumerate(arrivals)]
    sent: dict[str, list[datetime]] = defaultdict(list)
    while waiting:
        waiting.sort()
        now, channel, job = waiting.pop(0)
        slot = limits.message_slot(channel, job, now=now)
        if slot is None:
            sent[channel].append(now)
        else:
            assert slot > now
            waiting.append((slot, channel, job))
    for moments in sent.values():
        gaps = [after - before for before, after in itertools.pairwise(moments)]
        assert all(gap >= CHANNEL_INTERVAL for gap in gaps)


def test_a_job_that_comes_late_to_its_slot_does_not_go_together_with_the_next() -> None:
    limits = RateLimits()
    limits.message_slot("C1", "a", now=NOON)
    limits.message_slot("C1", "late", now=NOON)
    later = NOON + timedelta(seconds=30)
    assert limits.message_slot("C1", "late", now=later) is None
    assert limits.message_slot("C1", "new", now=later) is not None


def test_a_provider_that_asked_for_rest_gets_it_until_the_moment_and_not_longer() -> None:
    limits = RateLimits()
    limits.pause("botlhale", until=NOON + CHANNEL_INTERVAL)
    assert limits.paused_until("botlhale", now=NOON) == NOON + CHANNEL_INTERVAL
    assert limits.paused_until("gowajee", now=NOON) is None
    assert limits.paused_until("botlhale", now=NOON + CHANNEL_INTERVAL) is None
    assert limits.paused_until("botlhale", now=NOON) is None


def test_a_shorter_pause_does_not_shorten_a_longer_one() -> None:
    limits = RateLimits()
    limits.pause("botlhale", until=NOON + 10 * CHANNEL_INTERVAL)
    limits.pause("botlhale", until=NOON + CHANNEL_INTERVAL)
    assert limits.paused_until("botlhale", now=NOON) == NOON + 10 * CHANNEL_INTERVAL
