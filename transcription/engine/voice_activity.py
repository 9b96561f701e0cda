"""A second VAD for the phrases: the neural detector (Silero) in the faster-whisper package.

Noise, hum and music pass the first VAD, and Whisper then invents words for them. The second VAD has the opposite fault,
above all on the telephone: it misses short replies. So it removes only phrases without any voice nearby.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from transcription.engine.chunks import FloatSamples, chunks
from transcription.engine.segmentation import Flags, Span
from transcription.engine.waveform import HOP, Waveform

THRESHOLD = 0.35
"""The minimum probability of speech. Silero's default of 0.5 loses a tenth of the words of a telephone call."""

NEAR = 200
"""Frames (2 s): a phrase within this distance of a detected voice is kept."""

LONGEST_PART = 300
"""Frames (3 s): longer phrases are judged in parts, because noise that continues after a voice is not speech."""

SURE = 0.75
SURE_FOR = 15
"""The recording must reach this probability somewhere, for this many frames (0.15 s).

Otherwise it counts as having no speech: music sometimes reaches the lower threshold for half a second, but this one for
at most a tenth of a second.
"""


def confirmed(waveform: Waveform, phrases: Sequence[Span], *, frames: int) -> list[Span]:
    """Return the phrases, or parts of them, that are near a voice, in order. `frames`: the recording's length."""
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
    """Return the frames with speech as pairs: first, last (exclusive)."""
    options = VadOptions(threshold=threshold, min_silence_duration_ms=100, speech_pad_ms=30)
    return [(speech["start"] // HOP, speech["end"] // HOP) for speech in get_speech_timestamps(sound, options)]


def _widened(flags: Flags, *, by: int) -> Flags:
    """Return flags that are true wherever a flag is set within `by` frames."""
    counts = np.concatenate(([0], np.cumsum(flags)))
    at = np.arange(len(flags))
    return np.asarray(counts[np.minimum(at + by + 1, len(flags))] > counts[np.maximum(at - by, 0)], np.bool_)


def _parts(phrase: Span) -> Iterator[Span]:
    for start in range(phrase.start, phrase.end, LONGEST_PART):
        yield Span(start, min(start + LONGEST_PART, phrase.end))


def _joined(parts: Iterator[Span]) -> Iterator[Span]:
    """Join adjacent parts of a phrase."""
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
