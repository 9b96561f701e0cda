"""Build readable turns: assign each word to the voice that speaks at that time, and join the words of one voice.

The times of a recogniser are imprecise: a word may begin in the pause before it, or end after the phrase. It is moved
into the phrase that contains most of it, so that only a change of voice inside a phrase can split a sentence.

pocketsphinx returns no punctuation and no capitals: each turn then ends with a full stop, and nothing else is added.
`punctuated` words (Whisper's) are kept unchanged, and after a pause the same voice begins a new turn only at a sentence
end.
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
"""Frames of pause (5 s) after which the same voice begins a new turn even inside a sentence.

Few sentences are that slow, and some transcribed sentences never end.
"""

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_CLOSING = "\"'”’»)]"

_CAPITALS = frozenset(
    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
    | {"january", "february", "april", "june", "july", "august", "september", "october", "november", "december"}
)
"""Names that English always writes with a capital. Months that are also common words are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenTurn:
    """The words of one voice without a break; `start` and `end` in frames of 10 ms."""

    voice: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placed:
    """A word, moved into its phrase, and its voice."""

    text: str
    place: Span
    voice: int
    follows: bool


def turns(words: Sequence[Word], *, labels: Labels, punctuated: bool = False) -> list[SpokenTurn]:
    """Return the turns in order; every word is in exactly one turn.

    `punctuated`: the words have their own punctuation and capitals.
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
    """Join punctuated words with spaces, except before words that `follows` marks."""
    return "".join(word.text if word.follows else f" {word.text}" for word in words).strip()


def readable(texts: Sequence[str]) -> str:
    """Join recognised words to a sentence: capitals where they are certain, one full stop."""
    sentence = " ".join(_capitalised(text) for text in texts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _capitalised(text: str) -> str:
    return text.capitalize() if text.partition("'")[0] in {"i", *_CAPITALS} else text


def _breaks(words: Sequence[_Placed], *, punctuated: bool) -> Iterator[int]:
    """Yield the index of the first word of each turn, and then the number of words."""
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
    """Move a word into its phrase and assign it to the voice of most of its frames there."""
    if not len(phrases):
        return _Placed(text=word.text, place=word.place, voice=0, follows=word.follows)
    start, end = _phrase_of(word.place, phrases=phrases)
    first = min(max(word.place.start, start), end - 1)
    place = Span(first, max(min(word.place.end, end), first + 1))
    voice = int(np.bincount(labels[place.start : place.end]).argmax())
    return _Placed(text=word.text, place=place, voice=voice, follows=word.follows)


def _phrase_of(place: Span, *, phrases: NDArray[np.intp]) -> tuple[int, int]:
    """Return the phrase that contains most of a place, or the nearest phrase if none does."""
    before = max(0, int(np.searchsorted(phrases[:, 1], place.start, side="right")) - 1)
    some = phrases[before : int(np.searchsorted(phrases[:, 0], place.end)) + 1]
    shared = np.minimum(some[:, 1], place.end) - np.maximum(some[:, 0], place.start)  # negative: the distance
    start, end = some[int(shared.argmax())].tolist()
    return start, end
