"""Speech recognition with pocketsphinx and the English model in its package, passage by passage.

A passage is a sequence of phrases of one voice. The recogniser normalises loudness and channel over each passage, so a
passage must not contain two voices, and must be long enough for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pocketsphinx import Decoder

from transcription.engine.segmentation import Span
from transcription.engine.speakers import Labels
from transcription.engine.waveform import HOP, Waveform

_SAME_BREATH = 50
"""Frames of pause (0.5 s): phrases of one voice with a shorter pause are recognised together."""

_LONGEST = 1_500
"""Maximum frames of a passage (15 s): the recogniser's memory use and delay grow with it."""

_MARGIN = 20
"""Frames of the pause (0.2 s) that are included around a passage, because the recogniser expects silence there."""

_HYPOTHESES = 2_500
"""Maximum HMM states that the recogniser follows at once. It saves a third of the time and finds the same words."""

_VARIANT = re.compile(r"\(\d+\)$")
"""The dictionary marks the second pronunciation of a word: `the(2)`."""

_NOT_WORDS = ("<", "[", "+")
"""Prefixes of silence, noise and fillers: `<sil>`, `[NOISE]`, `++UH++`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word as written, and its frames. `follows`: no space before it, as in Thai and Japanese."""

    text: str
    place: Span
    follows: bool = False


def passages(phrases: Sequence[Span], *, labels: Labels) -> list[Span]:
    """Join neighbouring phrases of one voice and split those that are too long. Ordered, without overlap."""
    joined: list[Span] = []
    for phrase in (part for whole in phrases for part in _cut(whole)):
        if joined and _go_together(joined[-1], phrase, labels=labels):
            joined[-1] = Span(joined[-1].start, phrase.end)
        else:
            joined.append(phrase)
    return joined


def _go_together(one: Span, other: Span, *, labels: Labels) -> bool:
    return bool(
        other.start - one.end < _SAME_BREATH
        and other.end - one.start <= _LONGEST
        and labels[one.end - 1] == labels[other.start]
    )


def _cut(phrase: Span) -> list[Span]:
    return [Span(at, min(at + _LONGEST, phrase.end)) for at in range(phrase.start, phrase.end, _LONGEST)]


def words(waveform: Waveform, *, places: Sequence[Span]) -> list[Word]:
    """Recognise every passage and return the words in order of time."""
    if not places:
        return []
    decoder = Decoder(loglevel="FATAL", maxhmmpf=_HYPOTHESES)
    found: list[Word] = []
    for number, place in enumerate(places):
        before = places[number - 1].end if number else 0
        after = places[number + 1].start if number + 1 < len(places) else place.end + _MARGIN
        start = max(place.start - _MARGIN, (before + place.start) // 2)
        end = min(place.end + _MARGIN, (place.end + after + 1) // 2)
        found += _recognised(decoder, waveform, place=Span(start, end))
    return found


def _recognised(decoder: Decoder, waveform: Waveform, *, place: Span) -> Iterator[Word]:
    samples = waveform.read(place.start * HOP, place.end * HOP)
    if not len(samples):  # the recogniser rejects empty input
        return
    decoder.start_utt()
    decoder.process_raw(samples.astype("<i2", copy=False).tobytes(), full_utt=True)
    decoder.end_utt()
    for part in decoder.seg() or ():
        if not part.word.startswith(_NOT_WORDS):
            where = Span(place.start + part.start_frame, place.start + part.end_frame + 1)
            yield Word(text=_VARIANT.sub("", part.word), place=where)
