"""How many there are, and who is who, of vectors whose people are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from transcription.engine.clustering import grouped

Reals = NDArray[np.float64]

SIZE = 64
NEAR, FAR = 0.22, 0.45
"""Mean distances of one person's vectors and of two people's, as the encoder's are."""


def people(*counts: int, seed: int = 1, far: float = FAR) -> tuple[Reals, NDArray[np.intp]]:
    """Vectors of people who speak in turn by chance, and who said each."""
    chance = np.random.default_rng(seed)
    common = np.sqrt(1 - far)
    own = np.sqrt(far - NEAR)
    axes = np.linalg.qr(chance.normal(size=(SIZE, SIZE)))[0]
    who = chance.permutation(np.repeat(np.arange(len(counts)), counts))
    rest = chance.normal(size=(len(who), SIZE - 8)) @ axes[8:]
    rest *= np.sqrt(NEAR) / np.linalg.norm(rest, axis=1, keepdims=True)
    found = common * axes[7] + own * axes[who] + rest
    return found / np.linalg.norm(found, axis=1, keepdims=True), who


def named(groups: list[NDArray[np.intp]], count: int) -> NDArray[np.intp]:
    found = np.full(count, -1)
    for name, group in enumerate(groups):
        found[group] = name
    return found


def are_alike(found: NDArray[np.intp], who: NDArray[np.intp]) -> bool:
    """Whether every group is one person and every person one group."""
    pairs = {(int(a), int(b)) for a, b in zip(found, who, strict=True) if a >= 0}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@pytest.mark.parametrize("counts", [(20,), (5, 30), (10, 10, 10), (8, 9, 10, 11, 12)])
def test_people_are_counted_and_told_apart(counts: tuple[int, ...]) -> None:
    vectors, who = people(*counts)
    groups = grouped(vectors, seconds=np.full(len(who), 2.0))
    assert len(groups) == len(counts)
    assert are_alike(named(groups, len(who)), who)


def test_the_longest_comes_first() -> None:
    vectors, who = people(5, 30, 12)
    assert [len(group) for group in grouped(vectors, seconds=np.full(len(who), 2.0))] == [30, 12, 5]


def test_a_second_of_somebody_is_nobody() -> None:
    vectors, who = people(20, 1)
    groups = grouped(vectors, seconds=np.where(who == 1, 1.0, 2.0))
    assert len(groups) == 1


@pytest.mark.parametrize(
    ("told", "found"), [((1, 1), 1), ((2, 2), 2), ((3, 3), 3), ((5, 5), 5), ((1, 2), 2), ((4, 6), 4), ((2, 6), 3)]
)
def test_what_somebody_knows_is_kept_to(told: tuple[int, int], found: int) -> None:
    vectors, who = people(12, 12, 12)
    assert len(grouped(vectors, seconds=np.full(len(who), 2.0), speakers=told)) == found


def test_people_who_are_alike_are_told_apart_where_their_number_is_known() -> None:
    vectors, who = people(20, 20, far=0.27)
    seconds = np.full(len(who), 2.0)
    assert len(grouped(vectors, seconds=seconds)) == 1
    assert are_alike(named(grouped(vectors, seconds=seconds, speakers=(2, 2)), len(who)), who)


def test_there_are_no_more_people_than_vectors() -> None:
    vectors, _ = people(2)
    assert len(grouped(vectors, seconds=np.ones(2), speakers=(5, 5))) == 2
    assert len(grouped(vectors[:1], seconds=np.ones(1))) == 1


def said_again(vectors: Reals, *, each: int, seed: int = 3) -> Reals:
    """The vectors of people who repeat their words: of `each` in a row of one person's, all are nearly the first."""
    chance = np.random.default_rng(seed)
    found = np.repeat(vectors[::each], each, axis=0)[: len(vectors)]
    found += chance.normal(0, 0.01, found.shape)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float64)


@pytest.mark.parametrize("counts", [(70,), (40, 50, 60)])
def test_scraps_of_a_long_recording_are_not_its_speakers(counts: tuple[int, ...]) -> None:
    vectors, who = people(*counts)
    order = np.argsort(who, kind="stable")
    vectors, who = vectors[order], who[order]
    some = np.concatenate([np.flatnonzero(who == each)[:8] for each in range(len(counts))])
    vectors[some] = said_again(vectors[some], each=2)
    groups = grouped(vectors, seconds=np.full(len(who), 1.8))
    assert len(groups) == len(counts)
    assert are_alike(named(groups, len(who)), who)


def with_an_odd_moment(vectors: Reals, *, count: int) -> Reals:
    """The same with a laugh: the last `count` vectors are like each other and unlike the rest."""
    odd = vectors[-count:] + 0.5 * np.eye(1, SIZE, 9)
    return np.concatenate([vectors[:-count], odd / np.linalg.norm(odd, axis=1, keepdims=True)])


def test_the_longer_somebody_talks_the_more_of_it_may_sound_odd() -> None:
    brief, long = (with_an_odd_moment(people(many)[0], count=4) for many in (20, 160))
    assert len(grouped(brief, seconds=np.full(20, 1.8))) == 2
    assert len(grouped(long, seconds=np.full(160, 1.8))) == 1


def test_four_hours_are_grouped_in_blocks() -> None:
    vectors, who = people(2500, 1800, 900, far=0.4)
    groups = grouped(vectors, seconds=np.full(len(who), 1.8))
    assert len(groups) == 3
    found = named(groups, len(who))
    assert np.mean(found >= 0) >= 0.99
    assert are_alike(found, who)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 1000), st.tuples(st.integers(1, 4), st.integers(0, 4)))
def test_no_vector_is_of_two_voices(count: int, seed: int, told: tuple[int, int]) -> None:
    chance = np.random.default_rng(seed)
    vectors = np.abs(chance.normal(size=(count, 8)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = grouped(vectors, seconds=chance.uniform(0.1, 3, count), speakers=(told[0], told[0] + told[1]))
    members = np.concatenate(groups).tolist()
    assert len(members) == len(set(members))
    assert 1 <= len(groups) <= told[0] + told[1]


def test_vectors_without_any_length_are_survived() -> None:
    assert len(grouped(np.zeros((4, 8)), seconds=np.ones(4), speakers=(2, 2))) == 2
