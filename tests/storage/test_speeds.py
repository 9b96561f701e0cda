"""How quick a provider is, learned and kept in every database."""

import math
import random
from datetime import timedelta

import pytest

from storage import speeds
from storage.database import Database
from storage.speeds import ENOUGH, START, UNKNOWN, Speed

HOUR = timedelta(hours=1)


def learned(*shares: float, begin: Speed = UNKNOWN) -> Speed:
    speed = begin
    for share in shares:
        speed = speed.learning(HOUR, time_taken=share * (HOUR + START))
    return speed


async def test_each_model_of_a_provider_has_its_own_speed(database: Database) -> None:
    for model, share in (("", 0.1), ("pulse", 0.4)):
        for _ in range(ENOUGH):
            took = share * (HOUR + START)
            await database.write(
                lambda tx, model=model, took=took: speeds.learn(  # type: ignore[misc]
                    tx, provider="gowajee", model=model, length=HOUR, time_taken=took
                )
            )

    plain = await database.read(lambda tx: speeds.speed_of(tx, provider="gowajee", model=""))
    pulse = await database.read(lambda tx: speeds.speed_of(tx, provider="gowajee", model="pulse"))
    other = await database.read(lambda tx: speeds.speed_of(tx, provider="botlhale", model=""))

    assert plain.is_known
    assert plain.expected(HOUR) / (HOUR + START) == pytest.approx(0.1)
    assert pulse.expected(HOUR) / (HOUR + START) == pytest.approx(0.4)
    assert other == UNKNOWN


async def test_what_is_kept_is_what_was_learned(database: Database) -> None:
    wanted = learned(0.1, 0.3, 0.2)
    for share in (0.1, 0.3, 0.2):
        took = share * (HOUR + START)
        await database.write(
            lambda tx, took=took: speeds.learn(tx, provider="p", model="", length=HOUR, time_taken=took)  # type: ignore[misc]
        )

    assert await database.read(lambda tx: speeds.speed_of(tx, provider="p", model="")) == wanted


def test_a_few_recordings_are_not_enough_to_go_by() -> None:
    assert not learned(*[0.2] * (ENOUGH - 1)).is_known
    assert learned(*[0.2] * ENOUGH).is_known


def test_mean_and_spread_are_those_of_the_logarithms() -> None:
    rng = random.Random(7)
    speed = learned(*(0.2 * math.exp(rng.gauss(0, 0.25)) for _ in range(400)))

    assert math.exp(speed.mean) == pytest.approx(0.2, rel=0.15)
    assert speed.spread == pytest.approx(0.25, rel=0.3)
    assert speed.expected(HOUR, deviations=-2) < speed.expected(HOUR) < speed.expected(HOUR, deviations=2)


def test_an_outage_does_not_spoil_what_was_learned() -> None:
    usual = learned(*[0.2] * 100)
    after = learned(40.0, begin=usual)

    assert after.expected(HOUR) < 1.05 * usual.expected(HOUR)
    assert after.spread < 0.2


def test_a_provider_that_becomes_slower_for_good_is_noticed() -> None:
    speed = learned(*[0.4] * 150, begin=learned(*[0.1] * 100))

    assert speed.expected(HOUR) / (HOUR + START) == pytest.approx(0.4, rel=0.1)


@pytest.mark.parametrize("took", [timedelta(0), timedelta(seconds=-5), timedelta(days=3)])
def test_no_time_is_too_strange(took: timedelta) -> None:
    speed = learned(*[0.2] * 20).learning(timedelta(0), time_taken=took)

    assert math.isfinite(speed.mean)
    assert speed.expected(HOUR) > timedelta(0)
