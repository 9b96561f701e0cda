"""The polling schedule: find a transcript soon after it is ready, with few requests.

If the provider's speed is not known, the intervals are a share of the recording's length. If it is known, polling
begins when the fastest recordings are ready, and the intervals are a share of how much the time varies. If the provider
sends webhooks, polls only find results whose webhook was lost, and begin when most webhooks have come.
"""

from __future__ import annotations

import math
from datetime import timedelta

from bot.worker.retries import PATIENCE
from storage.claiming import FARTHEST
from storage.speeds import UNKNOWN, Speed
from transcription.transcriber import PollSchedule

EARLY, LATE = -2.0, 1.28
"""Standard deviations from the expected time: by EARLY one recording in forty is ready, by LATE nine in ten."""

FINENESS = 0.12
"""Interval between two polls: this share of the expected time, multiplied by its spread."""

SPARSENESS = 0.1
"""The interval as a share of the expected time where webhooks come, and as a share of the time so far once the provider
takes more than twice the expected time.
"""

LENIENCE = timedelta(seconds=10)
"""A first poll may be late by this much and still tell how long the provider took: other jobs may go first."""


def first_poll(schedule: PollSchedule, length: timedelta, speed: Speed = UNKNOWN) -> timedelta:
    """Return how long after the submission the first poll is due."""
    deviations = LATE if schedule.called else EARLY
    wait = speed.expected(length, deviations=deviations) if speed.is_known else schedule.first * length
    return min(max(wait, schedule.soonest), FARTHEST)


def is_overdue(schedule: PollSchedule, length: timedelta, *, observed: timedelta, waited: timedelta) -> bool:
    """Return whether to give up a recording that the provider still reports as in progress.

    `waited`: how long the provider has worked on it. `observed`: for how long the bot has seen it so, outages of the
    provider included; so its limit is longer by `PATIENCE`.
    """
    patience = max(schedule.patience_floor, schedule.patience * length)
    return waited > patience or observed > patience + PATIENCE


def next_poll(
    schedule: PollSchedule, length: timedelta, speed: Speed = UNKNOWN, *, age: timedelta, chance: float = 0
) -> timedelta:
    """Return the time until the next poll, with up to a tenth of jitter (`chance` is from 0 to 1)."""
    return _wait(schedule, length, speed, age=age) * (1 + chance / 10)


def _wait(schedule: PollSchedule, length: timedelta, speed: Speed, *, age: timedelta) -> timedelta:
    if not speed.is_known:
        return min(max(schedule.every * length, schedule.soonest), schedule.latest)
    expected = speed.expected(length)
    wait = (SPARSENESS if schedule.called else FINENESS * speed.spread) * expected
    wait = min(max(wait, schedule.soonest), schedule.latest)
    return max(wait, SPARSENESS * age) if age > 2 * expected else wait


def time_taken(
    schedule: PollSchedule, length: timedelta, speed: Speed, *, age: timedelta, misses: int, called: bool
) -> timedelta | None:
    """Return how long the provider took for a recording that was ready at this poll; None if unknown.

    `age`: time since the submission. `misses`: missed polls before this one. `called`: a webhook told, so `age` is the
    answer. Otherwise it is estimated: the middle between the last two polls, or a little before the first one. None
    where the first poll came far too late, e.g. because the bot was not running.
    """
    if not misses and age > 2 * first_poll(schedule, length, speed) + LENIENCE:
        return None
    if called:
        return age
    if misses:
        return age - min(_wait(schedule, length, speed, age=age), age) / 2
    return age * math.exp(-speed.spread / 2)
