"""How units of work become groups, whatever does them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence
from typing import cast

import pytest

from storage.database import StorageUnavailable, Transaction, Work
from storage.grouping import Group, GroupCommits, Outcome

NO_TRANSACTION = cast("Transaction", None)


class Doing:
    """Does each group when it is told to, and notes how many units are in it."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.raises: BaseException | None = None
        self._allowed = asyncio.Semaphore(0)

    async def __call__(self, group: Group) -> Sequence[Outcome]:
        self.sizes.append(len(group))
        await self._allowed.acquire()
        if self.raises is not None:
            raise self.raises
        return [Outcome(request.work(NO_TRANSACTION)) for request in group]

    def allow(self, groups: int = 1) -> None:
        for _ in range(groups):
            self._allowed.release()


async def turns(count: int = 10) -> None:
    """Let the event loop do what it has to do."""
    for _ in range(count):
        await asyncio.sleep(0)


def unit(value: int) -> Work[int]:
    return lambda _: value


def asked(groups: GroupCommits, count: int) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(groups.run(unit(n))) for n in range(count)]


async def test_what_comes_in_one_turn_of_the_event_loop_is_one_group() -> None:
    doing = Doing()
    groups = GroupCommits(doing)
    doing.allow()
    assert await asyncio.gather(*asked(groups, 5)) == [0, 1, 2, 3, 4]
    assert doing.sizes == [5]


async def test_what_comes_while_a_group_is_at_work_shares_the_next() -> None:
    doing = Doing()
    groups = GroupCommits(doing)
    first = asked(groups, 1)
    await turns()
    others: list[asyncio.Task[int]] = []
    for _ in range(3):
        others += asked(groups, 2)
        await turns()
    assert doing.sizes == [1]
    doing.allow(2)
    assert await asyncio.gather(*first, *others) == [0, 0, 1, 0, 1, 0, 1]
    assert doing.sizes == [1, 6]


async def test_those_that_go_on_writing_with_their_outcome_are_in_the_next_group_together() -> None:
    doing = Doing()
    groups = GroupCommits(doing)

    async def twice(n: int) -> int:
        return await groups.run(unit(await groups.run(unit(n)) + 1))

    writers = [asyncio.create_task(twice(n)) for n in range(3)]
    doing.allow(2)
    assert await asyncio.gather(*writers) == [1, 2, 3]
    assert doing.sizes == [3, 3]


async def test_several_hands_share_what_waits_and_no_more_than_these_are_at_work() -> None:
    doing = Doing()
    groups = GroupCommits(doing, concurrency=4)
    units = asked(groups, 10)
    await turns()
    assert doing.sizes == [3, 3, 2, 2]
    units += asked(groups, 3)
    await turns()
    assert len(doing.sizes) == 4
    doing.allow(2)
    await turns()
    assert sum(doing.sizes) == 13
    doing.allow(len(doing.sizes))
    assert await asyncio.gather(*units) == [*range(10), *range(3)]


async def test_a_unit_that_comes_alone_takes_one_hand() -> None:
    doing = Doing()
    groups = GroupCommits(doing, concurrency=4)
    units = []
    for n in range(1, 5):
        units += asked(groups, 1)
        await turns()
        assert doing.sizes == [1] * n
    doing.allow(4)
    assert await asyncio.gather(*units) == [0] * 4


async def test_what_a_group_raises_is_every_units_and_the_next_group_is_done() -> None:
    doing = Doing()
    groups = GroupCommits(doing)
    doing.raises = StorageUnavailable("the disk is full")
    doing.allow(2)
    outcomes = await asyncio.gather(*asked(groups, 3), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["the disk is full"] * 3
    doing.raises = None
    assert await groups.run(unit(7)) == 7


async def test_whoever_goes_harms_neither_the_group_nor_its_own_unit() -> None:
    doing, done = Doing(), list[int]()
    groups = GroupCommits(doing)
    goes = [asyncio.create_task(groups.run(lambda _, n=n: done.append(n))) for n in range(2)]  # type: ignore[misc]
    goes[0].cancel()  # before it is handed over
    stays = asked(groups, 1)
    await turns()
    goes[1].cancel()  # while its group is at work
    await turns()
    assert [task.cancelled() for task in goes] == [True, True]
    doing.allow()
    assert await asyncio.gather(*stays) == [0]
    assert done == [1]  # the other one was cancelled before it asked


async def test_a_unit_whose_caller_went_while_it_waited_is_done_all_the_same() -> None:
    doing, done = Doing(), list[str]()
    groups = GroupCommits(doing)
    first = asked(groups, 1)
    await turns()
    goes = asyncio.create_task(groups.run(lambda _: done.append("done")))
    await turns()
    goes.cancel()
    doing.allow(2)
    await asyncio.gather(*first)
    await groups.close()
    assert goes.cancelled()
    assert done == ["done"]


async def test_a_group_is_done_although_nobody_else_refers_to_its_task() -> None:
    waited_for: list[weakref.ref[asyncio.Future[Sequence[Outcome]]]] = []

    async def do(_: Group) -> Sequence[Outcome]:
        future = asyncio.get_running_loop().create_future()
        waited_for.append(weakref.ref(future))
        return cast("Sequence[Outcome]", await future)

    groups = GroupCommits(do)
    unit_of_work = asked(groups, 1)
    await turns()
    gc.collect()
    future = waited_for[0]()
    assert future is not None
    future.set_result([Outcome(7)])
    assert await asyncio.gather(*unit_of_work) == [7]


@pytest.mark.parametrize("hands", [1, 3])
async def test_closing_takes_nothing_more_and_waits_for_what_is_at_work_and_what_waits(hands: int) -> None:
    doing = Doing()
    groups = GroupCommits(doing, concurrency=hands)
    units = asked(groups, 4)
    await turns()
    units += asked(groups, 2)
    await turns()
    closing = asyncio.create_task(groups.close())
    await turns()
    assert sum(doing.sizes) == 6, "what waits is handed over at once"
    assert not closing.done()
    with pytest.raises(StorageUnavailable, match="closed"):
        await groups.run(unit(1))
    doing.allow(len(doing.sizes))
    await closing
    assert [task.done() for task in units] == [True] * 6
    assert await asyncio.gather(*units) == [0, 1, 2, 3, 0, 1]
    await groups.close()


async def test_closing_hands_over_what_came_in_the_same_turn() -> None:
    doing = Doing()
    groups = GroupCommits(doing)
    doing.allow()
    units = asked(groups, 3)
    await asyncio.sleep(0)
    await groups.close()
    assert await asyncio.gather(*units) == [0, 1, 2]


async def test_a_closing_that_is_cancelled_harms_no_group() -> None:
    doing = Doing()
    groups = GroupCommits(doing)
    units = asked(groups, 2)
    await turns()
    closing = asyncio.create_task(groups.close())
    await turns()
    closing.cancel()
    await turns()
    assert closing.cancelled()
    doing.allow()
    assert await asyncio.gather(*units) == [0, 1]


def test_an_event_loop_that_ends_leaves_nobody_waiting() -> None:
    async def main() -> list[asyncio.Future[int]]:
        groups = GroupCommits(Doing())
        units = asked(groups, 2)
        await turns()
        return list(units)

    units = asyncio.run(asyncio.wait_for(main(), 20))
    assert [task.cancelled() for task in units] == [True, True]
