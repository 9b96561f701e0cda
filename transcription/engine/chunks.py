"""Pack the phrases of a recording into chunks of up to 28 seconds, the input of one Whisper call.

So memory use does not grow with the recording, and no chunk begins or ends within a phrase or a word. Long pauses are
left out; `Chunk.place` maps a frame of a chunk back to the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transcription.engine.segmentation import Span
from transcription.engine.waveform import HOP, Waveform

LONGEST = 2_800
"""Maximum frames of a chunk (28 s). Whisper's window is 30 s, and a shorter input costs the same."""

SHORTEST = 1_500
"""Frames (15 s) after which a chunk may end at a long pause."""

MARGIN = 80
"""Frames of the pause (0.8 s) that are kept around each piece, because the ends of words are quiet."""

LONG_PAUSE = 400
"""Frames (4 s): longer pauses are left out.

Shorter ones are kept: they show Whisper where sentences end, and without them it loses words.
"""

FULL_SCALE = 32_768.0

FloatSamples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pieces of a recording that are transcribed together; `phrases` are the phrases inside them."""

    pieces: tuple[Span, ...]
    phrases: tuple[Span, ...]

    def sound(self, waveform: Waveform) -> FloatSamples:
        """Return the samples, from -1 to 1."""
        parts = [waveform.read(piece.start * HOP, piece.end * HOP) for piece in self.pieces]
        return np.concatenate(parts).astype(np.float32) / FULL_SCALE

    @property
    def spoken(self) -> int:
        """Return the frame of the chunk where its last phrase ends; behind it is only a pause."""
        return sum(len(piece) for piece in self.pieces) - (self.pieces[-1].end - self.phrases[-1].end)

    def place(self, frame: int) -> int:
        """Return the frame of the recording that corresponds to this frame of the chunk."""
        left = frame
        for piece in self.pieces:
            if left < len(piece):
                return piece.start + left
            left -= len(piece)
        return self.pieces[-1].end


def chunks(phrases: Sequence[Span], *, frames: int) -> list[Chunk]:
    """Pack all phrases, in order. `frames` is the length of the recording."""
    return [_chunk(group, frames=frames) for group in _groups([part for whole in phrases for part in _cut(whole)])]


def _cut(phrase: Span) -> Iterator[Span]:
    """Split a phrase that has no pause and is longer than a chunk."""
    longest = LONGEST - 2 * MARGIN
    for start in range(phrase.start, phrase.end, longest):
        yield Span(start, min(start + longest, phrase.end))


def _groups(phrases: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """Group the phrases into chunks. A chunk that would be too long is cut at the longest pause of its second half."""
    start = 0
    while start < len(phrases):
        end, heard, last = start, 0, 0
        while end < len(phrases):
            heard += len(phrases[end]) + (_kept_frames(_pause(phrases, end)) if end > start else 2 * MARGIN)
            if heard > LONGEST and end > start:
                break
            last = heard
            end += 1
        if end < len(phrases):
            end = _best_cut(phrases, start=start, end=end, heard=last)
        yield phrases[start:end]
        start = end


def _best_cut(phrases: Sequence[Span], *, start: int, end: int, heard: int) -> int:
    """Return the phrase with the longest pause before it, if cutting there leaves a chunk of `SHORTEST` frames."""
    best, longest, left = end, _pause(phrases, end), heard
    for at in range(end - 1, start, -1):
        left -= len(phrases[at]) + _kept_frames(_pause(phrases, at))
        if left < SHORTEST:
            break
        if _pause(phrases, at) > longest:
            best, longest = at, _pause(phrases, at)
    return best


def _pause(phrases: Sequence[Span], at: int) -> int:
    """Return the frames between a phrase and the one before."""
    return phrases[at].start - phrases[at - 1].end


def _kept_frames(pause: int) -> int:
    """Return the frames of a pause that are kept."""
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
