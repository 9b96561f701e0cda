"""When to look whether a transcript is there: soon after it is, with few requests.

Without knowledge of the provider looks come in proportion to the recording's length, which keeps the delay a small
share of the whole wait. With it they begin when the fastest recordings are ready and come in proportion to how
uncertain the moment is. Where the provider calls, looks are for calls that got lost, and begin when most have come.
"""

from __future__ import annotations

import math
from datetime import timedelta

from bot.worker.retries import PATIENCE
from storage.claiming import FARTHEST
from storage.speeds import UNKNOWN, Speed
from transcription.transcriber import PollSchedule

EARLY, LATE = -2.0, 1.28
"""Standard deviations from the expected time, when all but a fortieth, or a tenth only, are still to come."""

FINENESS = 0.12
"""Between two looks, as a share of the spread of the expected time."""

SPARSENESS = 0.1
"""The same where the provider calls, and where it takes more than twice the expected time: of the time so far."""

LENIENCE = timedelta(seconds=10)
"""By so much a first look may come late and still tell something: others may be in front."""


def first_poll(schedule: PollSchedule, length: timedelta, speed: Speed = UNKNOWN) -> timedelta:
    """How long after the submission the first look is worth a request."""
    deviations = LATE if schedule.called else EARLY
    wait = speed.expected(length, deviations=deviations) if speed.is_known else schedule.first * length
    return min(max(wait, schedule.soonest), FARTHEST)


def is_overdue(schedule: PollSchedule, length: timedelta, *, age: timedelta, waited: timedelta) -> bool:
    """Whether a recording is waited for no longer, of which the provider has said for so long that work goes on.

    `age` counts outages, too: they get `PATIENCE` on top.
    """
    patience = max(schedule.patience_floor, schedule.patience * length)
    return waited > patience or age > patience + PATIENCE


def next_poll(
    schedule: PollSchedule, length: timedelta, speed: Speed = UNKNOWN, *, age: timedelta, chance: float = 0
) -> timedelta:
    """How long from a look at this age until the next, with up to a tenth of jitter (`chance` is from 0 to 1)."""
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
    """How long a recording time_taken that was ready at a look at this age, the `misses` before having found nothing.

    Where the provider has called it is known; else it is taken to lie in the middle between the last two looks. None
    where that tells nothing: the first look came much later than it should, because nobody was there to look.
    """
    if not misses and age > 2 * first_poll(schedule, length, speed) + LENIENCE:
        return None
    if called:
        return age
    if misses:
        return age - min(_wait(schedule, length, speed, age=age), age) / 2
    return age * math.exp(-speed.spread / 2)
