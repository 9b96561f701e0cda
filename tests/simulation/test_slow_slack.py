"""Slack takes twenty seconds for every call, for ten virtual minutes: nothing is lost and nothing comes twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.timeouts import REQUEST_TIMEOUT
from tests.simulation.faults import Call
from tests.simulation.invariants import Violation
from tests.simulation.test_promises import _drop
from tests.simulation.world import Kind, World

TEN_MINUTES = 600.0
TIMEOUT = REQUEST_TIMEOUT.total_seconds()
JUST_IN_TIME = (TIMEOUT - 1, TIMEOUT - 0.01)
ABOUT_THE_TIMEOUT = (TIMEOUT - 1, TIMEOUT + 1)
"""Half of the calls end without an answer, although each has its effect."""


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)


def ten_minutes(kind: Kind, folder: Path, *takes: float, found: bool = True) -> tuple[World, int]:
    """Six recordings are shared while Slack is slow; what was broken raises, now or when all have come to their end.

    The number says how often a reply was sent while Slack was slow.
    """
    random.seed(kind.seed)
    world = World(kind, folder)
    world.slack.replies_are_found = found
    try:
        for machine in range(kind.machines):
            world.start(machine)
        world.slow_down("slack", *takes)
        for number in range(6):
            world.share(long=number % 3 == 2, in_thread=number % 2 == 1)
            world.go_on(TEN_MINUTES / 6)
            world.check()
        sent = world.faults.made[Call.POST] + world.faults.made[Call.SHARE]
        world.settle()
    finally:
        world.close()
    return world, sent


def each_is_answered_once(world: World) -> None:
    assert len(world.slack.recordings) == 6
    assert sorted(reply.thread for reply in world.slack.replies) == sorted(
        sharing.thread for recording in world.slack.recordings.values() for sharing in recording.sharings
    )
    assert world.witness.doubles == {}


@pytest.mark.parametrize("machines", [1, 2])
@pytest.mark.parametrize("history", [True, False], ids=["history", "no history"])
def test_where_every_call_takes_nearly_as_long_as_it_may(tmp_path: Path, machines: int, history: bool) -> None:  # noqa: FBT001 - a parameter
    for seed in range(3):
        kind = Kind(seed=seed, machines=machines, history=history)
        world, sent = ten_minutes(kind, tmp_path / str(seed), *JUST_IN_TIME)
        each_is_answered_once(world)
        assert sent > 0, "while Slack was slow"


@pytest.mark.parametrize("machines", [1, 2])
def test_where_half_of_the_calls_are_given_up_before_their_answer(tmp_path: Path, machines: int) -> None:
    sent = 0
    for seed in range(5):
        kind = Kind(seed=seed, machines=machines, history=True)
        world, meanwhile = ten_minutes(kind, tmp_path / str(seed), *ABOUT_THE_TIMEOUT)
        each_is_answered_once(world)
        sent += meanwhile
    assert sent > 0, "while Slack was slow"


def play_in_vain(folder: Path, seeds: range) -> None:
    for seed in seeds:
        kind = Kind(seed=seed, machines=1, history=True)
        ten_minutes(kind, folder / str(seed), *ABOUT_THE_TIMEOUT, found=False)


def test_where_replies_are_looked_for_in_vain_they_are_doubled_and_that_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(Violation):
        play_in_vain(tmp_path, range(20))
