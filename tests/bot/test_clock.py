from datetime import UTC, datetime, timedelta
from typing import cast

from bot.clock import Clock
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
