from datetime import UTC, datetime, timedelta
from typing import cast

from bot.clock import AGREED, ENOUGH, Clock, certain, passed, seen
from storage.database import Database

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Machine:
    """A machine whose clocks are moved by hand."""

    def __init__(self) -> None:
        self.wall = NOON
        self.uptime = 1000.0

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.uptime += seconds

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, monotonic=lambda: self.uptime)


def test_it_shows_the_wall_clock() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(30)
    assert clock() == NOON + timedelta(seconds=30)


def test_set_back_it_goes_on_from_where_it_was() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()
    machine.wall -= timedelta(hours=1)
    assert clock() == NOON
    machine.passes(5)
    assert clock() == NOON + timedelta(seconds=5)


def test_set_forward_it_follows() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += timedelta(hours=1)
    assert clock() == NOON + timedelta(hours=1)
    machine.passes(5)
    assert clock() == NOON + timedelta(hours=1, seconds=5)


def test_set_to_the_server_s_clock_it_goes_by_that_and_not_by_the_machine_s() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.set(NOON + timedelta(minutes=3))
    machine.wall += timedelta(days=1)
    assert clock() == NOON + timedelta(minutes=3)


def test_set_to_a_clock_that_is_behind_it_stands_still_until_that_has_caught_up() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()
    clock.set(NOON - timedelta(seconds=10))
    machine.passes(4)
    assert clock() == NOON
    machine.passes(8)
    assert clock() == NOON + timedelta(seconds=2)


class Server:
    """The database server's clock."""

    def __init__(self, moment: datetime | None) -> None:
        self.moment = moment

    async def time(self) -> datetime | None:
        return self.moment


async def test_on_a_shared_database_the_server_s_moment_counts_even_when_it_is_behind() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()
    earlier = NOON - timedelta(minutes=5)
    assert await clock.agree(cast("Database", Server(earlier))) == earlier
    assert clock() == NOON
    later = NOON + timedelta(minutes=5)
    assert await clock.agree(cast("Database", Server(later))) == later
    assert clock() == later


async def test_on_a_database_of_its_own_a_machine_goes_by_its_own_clock() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(30)
    assert await clock.agree(cast("Database", Server(None))) is None
    assert clock() == NOON + timedelta(seconds=30)


HOUR = timedelta(hours=1)


def test_what_it_leapt_has_not_passed() -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock()
    machine.passes(60)
    machine.wall += HOUR
    after = clock()
    machine.passes(60)
    assert clock() - before == HOUR + timedelta(minutes=2)
    assert passed(clock, before) == timedelta(minutes=2)
    assert passed(clock, after) == timedelta(minutes=1)
    machine.wall += HOUR
    assert passed(clock, before) == timedelta(minutes=2)
    assert passed(clock, after) == timedelta(minutes=1)
    assert passed(clock, clock() + HOUR) == timedelta(0)


def test_what_another_machine_noted_after_the_leap_has_passed_since_then() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()
    machine.passes(30)
    machine.wall += HOUR
    noted = machine.wall  # by a machine that has seen the leap before us
    machine.passes(10)
    assert passed(clock, noted) == timedelta(seconds=10)


def test_a_clock_that_is_only_kept_right_does_not_leap() -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock()
    for _ in range(100):
        machine.passes(60)
        machine.wall += timedelta(milliseconds=30)
        clock()
    assert passed(clock, before) == clock() - before == timedelta(seconds=6003)


def test_a_process_vouches_for_no_more_than_it_was_awake() -> None:
    machine = Machine()
    clock = machine.clock()
    long_ago = clock() - 300 * HOUR
    machine.passes(60)
    assert passed(clock, long_ago) == 300 * HOUR + timedelta(minutes=1)
    assert seen(clock, long_ago, most=HOUR) == timedelta(minutes=1)
    machine.wall += HOUR  # the machine slept: its monotonic clock did not
    assert seen(clock, long_ago, most=HOUR) == timedelta(minutes=1)
    machine.passes(2 * HOUR.total_seconds())
    assert seen(clock, long_ago, most=HOUR) == HOUR
    assert seen(lambda: NOON, NOON - 2 * HOUR, most=HOUR) == HOUR


def test_nothing_is_certain_before_slack_has_told_the_time_or_a_day_has_passed() -> None:
    machine = Machine()
    clock = machine.clock()
    assert certain(clock) is None
    machine.passes(ENOUGH.total_seconds() - 1)
    assert certain(clock) is None
    machine.passes(1)
    assert certain(clock) == machine.wall
    assert certain(lambda: NOON) == NOON


def test_where_slack_is_behind_it_is_slacks_time_that_is_certain() -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock.compare(machine.wall - AGREED) == AGREED
    assert certain(clock) == machine.wall, "as good as the same"
    clock.compare(machine.wall - HOUR)
    assert certain(clock) == machine.wall - HOUR
    machine.passes(60)
    assert certain(clock) == machine.wall - HOUR
    clock.compare(machine.wall + HOUR)
    assert certain(clock) == machine.wall, "ours is the one that is behind"


def test_after_a_leap_slack_has_to_tell_the_time_again() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.compare(machine.wall)
    machine.passes(2 * ENOUGH.total_seconds())
    assert certain(clock) is not None
    machine.wall += 365 * ENOUGH
    assert certain(clock) is None
    machine.passes(ENOUGH.total_seconds() - 1)
    assert certain(clock) is None
    clock.compare(machine.wall)
    assert certain(clock) == machine.wall


def test_a_server_s_clock_that_is_set_is_a_leap_too() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.set(NOON + HOUR)  # what it shows for the first time is no leap
    before = clock()
    clock.compare(before)
    machine.passes(60)
    clock.set(NOON + 2 * HOUR + timedelta(minutes=1))
    assert passed(clock, before) == timedelta(minutes=1)
    assert certain(clock) is None
    clock.compare(clock())
    clock.set(NOON)
    assert certain(clock) is None
