"""A second opinion on the phrases: does anybody speak there? By the neural detector (Silero) in faster-whisper's wheel.

Noise, hum and music pass the first detector, and Whisper hears words in them that nobody said. The second one errs the
other way, on the telephone above all: it misses short replies. So it strikes out only what has no voice near it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from transcription.engine.chunks import FloatSamples, chunks
from transcription.engine.segmentation import Flags, Span
from transcription.engine.waveform import HOP, Waveform

THRESHOLD = 0.35
"""The probability of speech that counts. Its default of 0.5 loses a tenth of the words of a telephone call."""

NEAR = 200
"""Frames (2 s) from a voice within which a phrase is believed."""

LONGEST_PART = 300
"""Frames (3 s) of a phrase that are believed together: noise that goes on after a voice is no speech."""

SURE = 0.75
SURE_FOR = 15
"""The probability that somebody has to reach, for so many frames (0.15 s), somewhere in the recording: music passes the
lower one for half a second now and then, and reaches this one for a tenth at most."""


def confirmed(waveform: Waveform, phrases: Sequence[Span], *, frames: int) -> list[Span]:
    """Return the phrases, or parts of them, that lie near a voice; in order. `frames`: the recording's length."""
    voiced = np.zeros(frames + 1, np.bool_)
    sure = False
    for chunk in chunks(phrases, frames=frames):
        sound = chunk.sound(waveform)
        sure = sure or any(last - first >= SURE_FOR for first, last in _speech(sound, threshold=SURE))
        for first, last in _speech(sound, threshold=THRESHOLD):
            for frame in range(first, last):
                voiced[chunk.place(frame)] = True
    if not sure:
        return []
    near = _widened(voiced, by=NEAR)
    return list(_joined(part for phrase in phrases for part in _parts(phrase) if near[part.start : part.end].any()))


def _speech(sound: FloatSamples, *, threshold: float) -> list[tuple[int, int]]:
    """The frames of the sound in which somebody speaks: from, and up to."""
    options = VadOptions(threshold=threshold, min_silence_duration_ms=100, speech_pad_ms=30)
    return [(speech["start"] // HOP, speech["end"] // HOP) for speech in get_speech_timestamps(sound, options)]


def _widened(flags: Flags, *, by: int) -> Flags:
    """True wherever a flag is set at most so many frames away."""
    counts = np.concatenate(([0], np.cumsum(flags)))
    at = np.arange(len(flags))
    return np.asarray(counts[np.minimum(at + by + 1, len(flags))] > counts[np.maximum(at - by, 0)], np.bool_)


def _parts(phrase: Span) -> Iterator[Span]:
    for start in range(phrase.start, phrase.end, LONGEST_PART):
        yield Span(start, min(start + LONGEST_PART, phrase.end))


def _joined(parts: Iterator[Span]) -> Iterator[Span]:
    """Put the parts of a phrase together again."""
    last: Span | None = None
    for part in parts:
        if last is not None and part.start == last.end:
            last = Span(last.start, part.end)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last
