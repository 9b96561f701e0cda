"""Packs the phrases of a recording into chunks of up to 28 seconds, which is what Whisper hears at once.

So memory does not grow with a recording, no word is cut in two, and no chunk begins or ends within a phrase. Long
pauses are left out; `Chunk.place` leads back from a moment of a chunk to the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transcription.engine.segmentation import Span
from transcription.engine.waveform import HOP, Waveform

LONGEST = 2_800
"""Frames of a chunk (28 s): Whisper's window is 30 s, and what is shorter costs as much."""

SHORTEST = 1_500
"""Frames (15 s) after which a chunk may end at a good pause."""

MARGIN = 80
"""Frames of the pause around each piece (0.8 s) that are heard with it: the ends of words are quiet."""

LONG_PAUSE = 400
"""Frames (4 s): a longer pause is left out. Shorter ones tell Whisper where sentences end; without, it loses words."""

FULL_SCALE = 32_768.0

FloatSamples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pieces of a recording that are heard one after another; `phrases` are those that lie in them."""

    pieces: tuple[Span, ...]
    phrases: tuple[Span, ...]

    def sound(self, waveform: Waveform) -> FloatSamples:
        """Its samples, from -1 to 1."""
        parts = [waveform.read(piece.start * HOP, piece.end * HOP) for piece in self.pieces]
        return np.concatenate(parts).astype(np.float32) / FULL_SCALE

    def place(self, frame: int) -> int:
        """The frame of the recording that is heard at this frame of the chunk."""
        left = frame
        for piece in self.pieces:
            if left < len(piece):
                return piece.start + left
            left -= len(piece)
        return self.pieces[-1].end


def chunks(phrases: Sequence[Span], *, frames: int) -> list[Chunk]:
    """Pack all phrases, in order; `frames` is the length of the recording."""
    return [_chunk(group, frames=frames) for group in _groups([part for whole in phrases for part in _cut(whole)])]


def _cut(phrase: Span) -> Iterator[Span]:
    """Cut a phrase without a pause that is longer than a chunk."""
    longest = LONGEST - 2 * MARGIN
    for start in range(phrase.start, phrase.end, longest):
        yield Span(start, min(start + longest, phrase.end))


def _groups(phrases: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """Cut where a chunk would become too long: at the longest pause of its second half."""
    start = 0
    while start < len(phrases):
        end, heard, last = start, 0, 0
        while end < len(phrases):
            heard += len(phrases[end]) + (_heard(_pause(phrases, end)) if end > start else 2 * MARGIN)
            if heard > LONGEST and end > start:
                break
            last = heard
            end += 1
        if end < len(phrases):
            end = _best(phrases, start=start, end=end, heard=last)
        yield phrases[start:end]
        start = end


def _best(phrases: Sequence[Span], *, start: int, end: int, heard: int) -> int:
    """The phrase before which the pause is longest, of those that leave a chunk of `SHORTEST` frames or more."""
    best, longest, left = end, _pause(phrases, end), heard
    for at in range(end - 1, start, -1):
        left -= len(phrases[at]) + _heard(_pause(phrases, at))
        if left < SHORTEST:
            break
        if _pause(phrases, at) > longest:
            best, longest = at, _pause(phrases, at)
    return best


def _pause(phrases: Sequence[Span], at: int) -> int:
    """Frames between a phrase and the one before."""
    return phrases[at].start - phrases[at - 1].end


def _heard(pause: int) -> int:
    """Frames of a pause that are heard."""
    return pause if pause < LONG_PAUSE else 2 * MARGIN


def _chunk(phrases: Sequence[Span], *, frames: int) -> Chunk:
    pieces: list[Span] = []
    for phrase in phrases:
        around = Span(max(phrase.start - MARGIN, 0), min(phrase.end + MARGIN, frames))
        if pieces and around.start - pieces[-1].end < LONG_PAUSE - 2 * MARGIN:  # so the pause itself < LONG_PAUSE
            pieces[-1] = Span(pieces[-1].start, around.end)
        else:
            pieces.append(around)
    return Chunk(tuple(pieces), tuple(phrases))
