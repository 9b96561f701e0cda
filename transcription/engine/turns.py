"""Makes readable turns: each word goes to the voice that speaks at its time, and one voice goes on until it stops.

pocketsphinx knows no punctuation and no capitals: a full stop closes each turn and nothing else is invented. Whisper
writes both, and its words stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from transcription.engine.recognition import Word
from transcription.engine.speakers import NOBODY, Labels

_SILENCE = 150
"""Frames of pause (1.5 s) after which the same voice begins a new turn."""

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


def turns(words: Sequence[Word], *, labels: Labels, written: bool = False) -> list[SpokenTurn]:
    """Return the turns in order; every word is in exactly one. `written`: the words have capitals and punctuation."""
    write = together if written else lambda some: readable([word.text for word in some])
    nearest = _nearest(labels)
    voices = [_voice(word, labels=nearest) for word in words]
    return [
        SpokenTurn(
            voice=voices[first],
            start=words[first].place.start,
            end=words[last - 1].place.end,
            text=write(words[first:last]),
        )
        for first, last in pairwise(_breaks(words, voices=voices))
    ]


def readable(texts: Sequence[str]) -> str:
    """Write recognised words as a sentence: capitals where they are certain, one full stop."""
    sentence = " ".join(_capitalised(text) for text in texts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def together(words: Sequence[Word]) -> str:
    """Put words together that are written already."""
    return "".join(word.text if word.follows else f" {word.text}" for word in words).strip()


def _capitalised(text: str) -> str:
    return text.capitalize() if text.partition("'")[0] in {"i", *_CAPITALS} else text


def _breaks(words: Sequence[Word], *, voices: Sequence[int]) -> Iterator[int]:
    """Yield where turns begin, and the end of the last one."""
    for at in range(len(words)):
        if at == 0 or voices[at] != voices[at - 1] or words[at].place.start - words[at - 1].place.end > _SILENCE:
            yield at
    yield len(words)


def _nearest(labels: Labels) -> Labels:
    """Give the frames in which nobody speaks to the voice that is nearest in time."""
    spoken = np.flatnonzero(labels != NOBODY)
    if not len(spoken):
        return np.zeros_like(labels)
    middles = (spoken[:-1] + spoken[1:] + 1) // 2
    return np.asarray(labels[spoken[np.searchsorted(middles, np.arange(len(labels)), side="right")]], labels.dtype)


def _voice(word: Word, *, labels: Labels) -> int:
    """Return the voice of most of the word's frames."""
    if word.place.start >= len(labels):
        return int(labels[-1])
    return int(np.bincount(labels[word.place.start : word.place.end]).argmax())
