"""Random simulation runs: rules in an order given by a seed. Faster than Hypothesis, and of any length."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation.faults import POSSIBLE, Call
from tests.simulation.world import Kind, World

Rule = Callable[[World, random.Random], object]

CRITICAL = (Call.POST, Call.POST, Call.SHARE, Call.SHARE, Call.SUBMIT, Call.WRITE, Call.WRITE, Call.WRITE)
"""Where a fault is most likely to hurt."""

PARTNERS = ("database", "slack", "botlhale", "gowajee")
STEPS = (-3600, -600, -61, -1, 1, 61, 600, 3600)
"""Seconds by which clocks are set."""

PASSES = (0.1, 0.5, 1, 2, 5, 10, 30, 70, 200, 1000, 4000)
FREEZES = (1, 10, 61, 100, 600)


def _share(world: World, rng: random.Random) -> None:
    world.share(
        seconds=rng.choice([5, 10, 10, 60, 600]),
        long=rng.random() < 0.4,
        lag=rng.choice([0, 0.5, 5, 30]),
        in_thread=rng.random() < 0.3,
    )


def _arm(world: World, rng: random.Random) -> None:
    call = rng.choice([*Call, *CRITICAL, *CRITICAL])
    world.arm(call, rng.choice(POSSIBLE[call]))


def _machine(world: World, rng: random.Random) -> int:
    return rng.randrange(world.kind.machines)


RULES: tuple[tuple[int, Rule], ...] = (
    (6, _share),
    (18, lambda world, rng: world.go_on(rng.choice(PASSES))),
    (10, lambda world, rng: world.go_to(rng.choice(CRITICAL))),
    (12, _arm),
    (4, lambda world, rng: world.start(_machine(world, rng))),
    (3, lambda world, rng: world.crash(_machine(world, rng))),
    (1, lambda world, rng: world.stop(_machine(world, rng))),
    (3, lambda world, rng: world.freeze(_machine(world, rng), rng.choice(FREEZES))),
    (3, lambda world, rng: world.cut_off(_machine(world, rng), rng.choice(PARTNERS), rng.choice([1, 10, 61, 1000]))),
    (2, lambda world, rng: world.step_clock(_machine(world, rng), rng.choice(STEPS))),
    (2, lambda world, rng: world.step_servers_clock(rng.choice(STEPS))),
    (2, lambda world, rng: world.bring_weather(rng.choice([0, 0.02, 0.1, 0.3]))),
    (2, lambda world, rng: world.spoil_webhook(rng.choice(["lost", "twice", "late"]))),
    (2, lambda world, rng: world.operate(rng.randrange(10), rng.choice(["retry", "hurry", "cancel"]))),
    (2, lambda world, rng: world.name_speaker(rng.randrange(10))),
    (1, lambda world, rng: world.delete_file(rng.randrange(10))),
    (2, lambda world, rng: world.repeat_event(rng.randrange(10))),
    (1, lambda world, rng: world.share_existing(rng.randrange(10))),
    (1, lambda world, rng: world.spoil_work(rng.choice(["lost", "failed", "stuck"]))),
    (1, lambda world, _rng: world.lose_a_sharing()),
)
"""With how often each is chosen, in comparison."""


def kind_of(rng: random.Random, *, seed: int) -> Kind:
    """What kind of world a seed has."""
    return Kind(
        seed=seed,
        machines=rng.choice([1, 2, 3]),
        history=rng.random() < 0.5,
        provider=rng.choice(["botlhale", "gowajee"]),
    )


EXPORTS: tuple[tuple[int, Rule], ...] = ((12, lambda world, rng: world.export(rng.randrange(10))),)
"""For worlds in which people want many files."""


def befall(world: World, rng: random.Random, *, steps: int, more: tuple[tuple[int, Rule], ...] = ()) -> None:
    """Let so many things befall the world, `more` of some, and then let it become quiet. Raises `Violation`."""
    weights, rules = zip(*RULES, *more, strict=True)
    world.start(0)
    for _ in range(steps):
        rng.choices(rules, weights)[0](world, rng)
        world.check()
    world.settle()
