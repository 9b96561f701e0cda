"""Give each turn a time to be shown, in milliseconds: every one visible, none in the way of another. Pure.

A turn is shown when it was said. Only one without length, at the end of the recording for instance, is given time: of
the silence after it, else of the silence before it, else of its neighbours, which are shown up to half a second less.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_COMFORTABLE = 1_000  # each cue of a turn without length, where nobody speaks
_GLIMPSE = 500  # a turn without length, where others speak
_KEPT = 1_000  # no turn is made shorter than this for another one
_TRIES = (1.0, 0.1, 0.0)
"""Shares of `_GLIMPSE` and `_KEPT`: a recording may be too short for what is said to be in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeSpan:
    """A time from `start` to `end`, in milliseconds from the beginning of the recording."""

    start: int
    end: int

    def at(self, offset: int, *, of: int) -> int:
        """Return when the character at `offset` of `of` was said, assuming a constant speaking rate."""
        return self.start + (self.end - self.start) * offset // of


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """What one turn is given: `said` is clipped to the recording, `count` is how many cues it needs."""

    index: int
    said: TimeSpan
    count: int

    def need(self, share: float) -> int:
        """Return the least time that the turn may be shown; each cue needs a millisecond."""
        length = self.said.end - self.said.start
        return max(self.count, int(share * (min(length, _KEPT) or _GLIMPSE)))


def placed(said: Sequence[TimeSpan], *, counts: Sequence[int], duration: int) -> list[tuple[TimeSpan, int]]:
    """Return for each turn when it is shown, and until when its last cue may stay: nothing else begins before.

    `said` is when the turns were spoken, sorted by start; `counts` is how many cues they have. Turns that did not
    overlap do not overlap. If the recording has no length, it is taken to end a second after the last turn. Only in one
    of fewer milliseconds than cues do they share a millisecond.
    """
    end = duration if duration > 0 else max((span.end for span in said), default=0) + _COMFORTABLE
    clipped = [TimeSpan(start=min(max(span.start, 0), end), end=min(max(span.end, 0), end)) for span in said]
    places = [
        _Place(index=index, said=span, count=count)
        for index, (span, count) in enumerate(zip(clipped, counts, strict=True))
    ]
    for share in _TRIES:
        spans = _after_earlier(places, _before_later(places, end=end, share=share), share=share)
        if all(span.end <= end for span in spans):
            limits = _limits(places, spans, end=end)
            return [(spans[place.index], limits[place.index]) for place in places]
    return [(_inside(span, end=end), end) for span in clipped]


def separate(spans: Sequence[TimeSpan], *, within: TimeSpan) -> list[TimeSpan]:
    """Return the consecutive spans moved so that each has a millisecond at least and none overlaps the next.

    If `within` has fewer milliseconds than there are spans, they share them.
    """
    moved: list[TimeSpan] = []
    earliest = within.start
    for span in spans:
        start = max(span.start, earliest)
        earliest = max(span.end, start + 1)
        moved.append(TimeSpan(start=start, end=earliest))
    latest = within.end
    for index in range(len(moved) - 1, -1, -1):
        end = min(moved[index].end, latest)
        latest = max(min(moved[index].start, end - 1), within.start)
        moved[index] = TimeSpan(start=latest, end=max(end, latest + 1))
    return moved


def _before_later(places: list[_Place], *, end: int, share: float) -> list[TimeSpan]:
    """Return the spans with each turn ended before those that began after it, if need be by beginning earlier."""
    spans = [place.said for place in places]
    for place, limit in _from_the_end(places, spans, end=end):
        start, ended = place.said.start, place.said.end
        if start == ended:
            ended = start + _COMFORTABLE * place.count
        ended = min(ended, limit)
        spans[place.index] = TimeSpan(start=min(start, ended - place.need(share)), end=ended)
    return spans


def _limits(places: list[_Place], spans: list[TimeSpan], *, end: int) -> dict[int, int]:
    return {place.index: limit for place, limit in _from_the_end(places, spans, end=end)}


def _from_the_end(places: list[_Place], spans: list[TimeSpan], *, end: int) -> Iterator[tuple[_Place, int]]:
    """Yield the turns, last end first, each with the earliest start in `spans` of a turn that began after it ended."""
    began: list[tuple[int, int]] = []
    limit = end
    for place in sorted(places, key=lambda place: (place.said.end, place.said.start, place.index), reverse=True):
        while began and -began[0][0] >= place.said.end:
            limit = min(limit, spans[heapq.heappop(began)[1]].start)
        yield place, limit
        heapq.heappush(began, (-place.said.start, place.index))


def _after_earlier(places: Iterable[_Place], spans: list[TimeSpan], *, share: float) -> list[TimeSpan]:
    """Return the spans with each turn begun after those that ended before it, and none before the recording."""
    moved = list(spans)
    ended: list[tuple[int, int]] = []
    earliest = 0
    for place in sorted(places, key=lambda place: (place.said.start, place.said.end, place.index)):
        while ended and ended[0][0] <= place.said.start:
            earliest = max(earliest, moved[heapq.heappop(ended)[1]].end)
        span = spans[place.index]
        lengthless = place.said.start == place.said.end
        start = max(min(span.start, span.end - _COMFORTABLE * place.count) if lengthless else span.start, earliest)
        moved[place.index] = TimeSpan(start=start, end=max(span.end, start + place.need(share)))
        heapq.heappush(ended, (place.said.end, place.index))
    return moved


def _inside(span: TimeSpan, *, end: int) -> TimeSpan:
    start = min(span.start, end - 1)
    return TimeSpan(start=start, end=max(span.end, start + 1))
