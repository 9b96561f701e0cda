"""Whatever befalls machines, clocks, Slack, a provider and the database: one reply at most, and every job ends.

The worker, its steps and the stores are the real ones, in virtual time. A world that breaks a promise raises
`Violation` with its journal. `chance` plays long runs of which a seed decides everything; Hypothesis looks for short
ones and makes them shorter.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.simulation.chance import EXPORTS, FREEZES, PARTNERS, PASSES, STEPS, befall, kind_of
from tests.simulation.faults import POSSIBLE, Call
from tests.simulation.host import Delays
from tests.simulation.invariants import Violation
from tests.simulation.world import Kind, World

LENGTH = 40
"""Rules in a run."""

MACHINE = st.integers(0, 1)


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """What the processes log would be in nobody's interest."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)


def _drop(_logger: object, _name: str, _event: Any) -> Any:
    raise structlog.DropEvent


@contextmanager
def world_of(seed: int, folder: Path) -> Iterator[World]:
    """The world of a seed."""
    random.seed(seed)
    world = World(kind_of(random.Random(seed), seed=seed), folder)
    try:
        yield world
    finally:
        world.close()


def play(seeds: range, folder: Path) -> int:
    """Play the runs of these seeds; how many replies there were in all."""
    replies = 0
    for seed in seeds:
        with world_of(seed, folder / str(seed)) as world:
            befall(world, random.Random(seed), steps=LENGTH)
            replies += len(world.slack.replies)
    return replies


@pytest.mark.parametrize("first", range(0, 10, 5))
def test_whatever_befalls_the_world_every_promise_is_kept(tmp_path: Path, first: int) -> None:
    assert play(range(first, first + 5), tmp_path) > 0


def play_exports(seeds: range, folder: Path) -> int:
    """Play runs in which people want many files; how many came."""
    letters = 0
    for seed in seeds:
        with world_of(seed, folder / str(seed)) as world:
            befall(world, random.Random(seed), steps=LENGTH, more=EXPORTS)
            letters += len(world.slack.letters)
    return letters


def test_whatever_befalls_a_file_that_somebody_wants_comes_once(tmp_path: Path) -> None:
    assert play_exports(range(8), tmp_path) > 0


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 2000, 100))
def test_whatever_befalls_a_thousand_worlds_every_promise_is_kept(tmp_path: Path, first: int) -> None:
    assert play(range(first, first + 100), tmp_path) > 0


def test_a_slack_that_finds_no_replies_although_it_may_is_noticed(tmp_path: Path) -> None:
    """The simulation has teeth: where looking is in vain, replies are doubled, and it says so."""
    noticed = 0
    for seed in range(40, 100):  # the first of them that notices it is near the beginning
        with world_of(seed, tmp_path / str(seed)) as world:
            world.slack.replies_are_found = False
            try:
                befall(world, random.Random(seed), steps=LENGTH)
            except Violation:
                noticed += 1
        if noticed:
            break
    assert noticed


class Misfortunes(RuleBasedStateMachine):
    """Two machines on one database, or one on its own; every rule is something that befalls them."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp())
        self._world: World | None = None

    @property
    def world(self) -> World:
        """The world, once it is made."""
        assert self._world is not None
        return self._world

    @initialize(
        seed=st.integers(0, 2**16),
        machines=st.integers(1, 2),
        history=st.booleans(),
        provider=st.sampled_from(["botlhale", "gowajee"]),
    )
    def begin(self, seed: int, machines: int, history: bool, provider: str) -> None:  # noqa: FBT001 - Hypothesis names it
        random.seed(seed)
        structlog.configure(processors=[_drop])
        kind = Kind(seed=seed, machines=machines, history=history, provider=provider, delays=Delays())
        self._world = World(kind, self._folder)
        self.world.start(0)
        self.world.share()

    def _machine(self, machine: int) -> int:
        return machine % self.world.kind.machines

    @rule(long=st.booleans(), lag=st.sampled_from([0, 0.5, 5, 30]), in_thread=st.booleans())
    def share(self, **how: Any) -> None:
        self.world.share(**how)

    @rule(index=st.integers(0, 9))
    def hear_it_again(self, index: int) -> None:
        self.world.repeat_event(index)

    @rule(seconds=st.sampled_from(PASSES))
    def time_passes(self, seconds: float) -> None:
        self.world.go_on(seconds)

    @rule(call=st.sampled_from([Call.POST, Call.SHARE, Call.SUBMIT, Call.WRITE]))
    def go_to(self, call: Call) -> None:
        self.world.go_to(call)

    @rule(data=st.data(), call=st.sampled_from(sorted(POSSIBLE)))
    def a_call_goes_wrong(self, data: st.DataObject, call: Call) -> None:
        self.world.arm(call, data.draw(st.sampled_from(POSSIBLE[call])))

    @rule(machine=MACHINE)
    def start(self, machine: int) -> None:
        self.world.start(self._machine(machine))

    @rule(machine=MACHINE)
    def crash(self, machine: int) -> None:
        self.world.crash(self._machine(machine))

    @rule(machine=MACHINE, seconds=st.sampled_from(FREEZES))
    def freeze(self, machine: int, seconds: float) -> None:
        self.world.freeze(self._machine(machine), seconds)

    @rule(machine=MACHINE, partner=st.sampled_from(PARTNERS), seconds=st.sampled_from([1, 61, 1000]))
    def cut_off(self, machine: int, partner: str, seconds: float) -> None:
        self.world.cut_off(self._machine(machine), partner, seconds)

    @rule(machine=MACHINE, seconds=st.sampled_from(STEPS))
    def the_clock_steps(self, machine: int, seconds: float) -> None:
        self.world.step_clock(self._machine(machine), seconds)

    @rule(how=st.sampled_from(["lost", "twice", "late"]))
    def a_webhook_is_spoiled(self, how: str) -> None:
        self.world.spoil_webhook(how)

    @rule(index=st.integers(0, 9), action=st.sampled_from(["retry", "hurry", "cancel"]))
    def somebody_operates(self, index: int, action: str) -> None:
        self.world.operate(index, action)

    @rule(index=st.integers(0, 9))
    def somebody_names_a_speaker(self, index: int) -> None:
        self.world.name_speaker(index)

    @rule(index=st.integers(0, 9))
    def somebody_deletes_a_recording(self, index: int) -> None:
        self.world.delete_file(index)

    @precondition(lambda self: self._world is not None)
    @invariant()
    def every_promise_is_kept_so_far(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        if self._world is not None:
            try:
                self.world.settle()
            finally:
                self.world.close()
        shutil.rmtree(self._folder, ignore_errors=True)


Misfortunes.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestMisfortunes = Misfortunes.TestCase
