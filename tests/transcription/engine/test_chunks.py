"""Phrases packed for a recogniser that hears half a minute at once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transcription.engine.chunks import LONG_PAUSE, LONGEST, SHORTEST, Chunk, chunks
from transcription.engine.segmentation import Span

LIMIT = 3_000
"""Frames that Whisper hears at once."""


def spans(*edges: tuple[int, int]) -> list[Span]:
    return [Span(start, end) for start, end in edges]


@st.composite
def phrases(draw: st.DrawFn) -> list[Span]:
    found, at = [], 0
    for pause, length in draw(st.lists(st.tuples(st.integers(12, 3_000), st.integers(8, 4_000)), max_size=30)):
        found.append(Span(at + pause, at + pause + length))
        at = found[-1].end
    return found


def length(chunk: Chunk) -> int:
    return sum(len(piece) for piece in chunk.pieces)


@given(phrases())
def test_every_phrase_is_heard_once_in_order_and_no_chunk_is_too_long(given_: list[Span]) -> None:
    frames = given_[-1].end + 50 if given_ else 0
    made = chunks(given_, frames=frames)
    heard = [frame for chunk in made for phrase in chunk.phrases for frame in (phrase.start, phrase.end)]
    assert heard == sorted(heard)
    assert sum(len(phrase) for chunk in made for phrase in chunk.phrases) == sum(map(len, given_))
    for chunk in made:
        assert length(chunk) <= LIMIT
        assert all(0 <= piece.start < piece.end <= frames for piece in chunk.pieces)
        assert all(one.end <= other.start for one, other in pairwise(chunk.pieces))
        for phrase in chunk.phrases:
            assert any(piece.start <= phrase.start and phrase.end <= piece.end for piece in chunk.pieces)


@given(phrases())
def test_every_moment_of_a_chunk_leads_back_to_where_it_was_said(given_: list[Span]) -> None:
    for chunk in chunks(given_, frames=given_[-1].end if given_ else 0):
        places = [chunk.place(frame) for frame in range(0, length(chunk), 97)]
        assert places == sorted(places)
        assert all(any(piece.start <= place < piece.end for piece in chunk.pieces) for place in places)
        assert chunk.place(length(chunk) + 5) == chunk.pieces[-1].end
        assert chunk.place(chunk.spoken - 1) == chunk.phrases[-1].end - 1


def test_a_chunk_ends_at_the_longest_pause_of_its_second_half() -> None:
    made = chunks(spans((0, 1_000), (1_020, 1_900), (2_200, 2_700), (2_720, 3_600)), frames=4_000)
    assert [chunk.phrases[-1].end for chunk in made] == [1_900, 3_600]
    assert SHORTEST < 1_900 < LONGEST


def test_long_silence_is_not_heard() -> None:
    (chunk,) = chunks(spans((100, 200), (100_000, 100_100)), frames=200_000)
    assert len(chunk.pieces) == 2
    assert length(chunk) < 200 + 2 * LONG_PAUSE
