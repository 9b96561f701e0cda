"""Makes readable turns: each word goes to the voice that speaks at its time, and one voice goes on until it stops.

A recogniser's times are rough: a word may begin in the pause before it, or end behind the phrase. It is moved into the
phrase that holds most of it, so that only a change of voice inside one phrase can tear a sentence apart.

One recogniser knows no punctuation and no capitals; then a full stop closes each turn and nothing else is invented.
Words that are `punctuated` stay as they are, and the same voice begins a new turn behind a sentence only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from transcription.engine.labels import NOBODY, Labels
from transcription.engine.recognition import Word
from transcription.engine.segmentation import Span

_SILENCE = 150
"""Frames of pause (1.5 s) after which the same voice begins a new turn."""

_LONG_SILENCE = 500
"""Frames (5 s) after which it does so inside a sentence, too: few sentences are that slow, and some never end."""

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_CLOSING = "\"'”’»)]"

_CAPITALS = frozenset(
    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
    | {"january", "february", "april", "june", "july", "august", "september", "october", "november", "december"}
)
"""Names that English always writes with a capital; months that are common words as well are left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenTurn:
    """What one voice says without a break; `start` and `end` in frames of 10 ms."""

    voice: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placed:
    """A word in its phrase."""

    text: str
    place: Span
    voice: int
    follows: bool


def turns(words: Sequence[Word], *, labels: Labels, punctuated: bool = False) -> list[SpokenTurn]:
    """Return the turns in order; every word is in exactly one.

    `punctuated`: the words carry their own punctuation and capitals.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], labels != NOBODY, [False])))).reshape(-1, 2)
    placed = [_placed(word, labels=labels, phrases=edges) for word in words]
    return [
        SpokenTurn(
            voice=placed[first].voice,
            start=placed[first].place.start,
            end=max(word.place.end for word in placed[first:last]),
            text=together(placed[first:last]) if punctuated else readable([word.text for word in placed[first:last]]),
        )
        for first, last in pairwise(_breaks(placed, punctuated=punctuated))
    ]


class _Written(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def follows(self) -> bool: ...


def together(words: Sequence[_Written]) -> str:
    """Put words together that have their punctuation: a space before each, but where one follows without."""
    return "".join(word.text if word.follows else f" {word.text}" for word in words).strip()


def readable(texts: Sequence[str]) -> str:
    """Write recognised words as a sentence: capitals where they are certain, one full stop."""
    sentence = " ".join(_capitalised(text) for text in texts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _capitalised(text: str) -> str:
    return text.capitalize() if text.partition("'")[0] in {"i", *_CAPITALS} else text


def _breaks(words: Sequence[_Placed], *, punctuated: bool) -> Iterator[int]:
    """Yield where turns begin, and the end of the last one."""
    for at, word in enumerate(words):
        if at == 0 or word.voice != words[at - 1].voice:
            yield at
            continue
        pause = word.place.start - words[at - 1].place.end
        inside = punctuated and not _ends_sentence(words[at - 1].text)
        if pause > (_LONG_SILENCE if inside else _SILENCE):
            yield at
    yield len(words)


def _ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)


def _placed(word: Word, *, labels: Labels, phrases: NDArray[np.intp]) -> _Placed:
    """Move a word into its phrase and give it to the voice of most of its frames there."""
    if not len(phrases):
        return _Placed(text=word.text, place=word.place, voice=0, follows=word.follows)
    start, end = _phrase_of(word.place, phrases=phrases)
    first = min(max(word.place.start, start), end - 1)
    place = Span(first, max(min(word.place.end, end), first + 1))
    voice = int(np.bincount(labels[place.start : place.end]).argmax())
    return _Placed(text=word.text, place=place, voice=voice, follows=word.follows)


def _phrase_of(place: Span, *, phrases: NDArray[np.intp]) -> tuple[int, int]:
    """Return the phrase that holds most of a place, or the nearest where none holds any."""
    before = max(0, int(np.searchsorted(phrases[:, 1], place.start, side="right")) - 1)
    some = phrases[before : int(np.searchsorted(phrases[:, 0], place.end)) + 1]
    shared = np.minimum(some[:, 1], place.end) - np.maximum(some[:, 0], place.start)  # below 0: how far apart
    start, end = some[int(shared.argmax())].tolist()
    return start, end
