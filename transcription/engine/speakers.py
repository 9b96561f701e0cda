"""Diarization: find out which voice speaks in each frame, without knowing any voice in advance.

The phrases are cut into pieces at their quietest places, each piece gets a speaker vector (`encoder`), and the vectors
are clustered (`clustering`). Then every step of 0.4 s is assigned to the most likely voice, based on the audio around
it; a change inside a phrase needs more evidence than a change at a pause. This second pass is finer than the pieces
because people interrupt each other. If two people have one channel each, the channels decide (`channels`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from transcription.engine.channels import channel_labels, sides
from transcription.engine.clustering import grouped
from transcription.engine.encoder import GE2E, SpeakerEncoder
from transcription.engine.features import Floats
from transcription.engine.labels import NOBODY, Labels, by_appearance
from transcription.engine.segmentation import Span
from transcription.engine.waveform import FRAMES_PER_SECOND, Waveform

__all__ = ["NOBODY", "Labels", "labels"]

_LONGEST_PIECE = 280
"""Frames (2.8 s): a longer piece could contain two people, a shorter one identifies the voice less well."""

_SHORTEST_PIECE = 80
"""Frames (0.8 s): the vector of a shorter piece says little, so it is not used to find voices."""

_SMOOTHED = 5
"""Frames (50 ms) over which loudness is averaged to find the quietest place."""

_STEP = 40
"""Frames (0.4 s) that get one voice together."""

_AROUND = 120
"""Frames (1.2 s) of the same phrase that are used for that decision."""

_STEPS_AT_ONCE = 1_000
"""Vectors in memory at a time. Only their similarity to each voice is kept."""

_EVIDENCE = 20.0
"""The evidence for a voice from one second of speech with the highest similarity."""

_CHANGE_IN_PHRASE = 1.5
_CHANGE_AT_PAUSE = 0.5
"""The evidence that a change of voice needs. Measured; values from half to twice as much also work."""

_Reals = NDArray[np.float64]


def labels(
    waveform: Waveform,
    *,
    loudness: Floats,
    phrases: Sequence[Span],
    speakers: tuple[int, int] | None = None,
    encoder: SpeakerEncoder | None = None,
) -> Labels:
    """Return the voice (0 speaks first) of every frame of `loudness`, and `NOBODY` outside the phrases.

    `speakers`: the minimum and the maximum number, if known. Fewer are returned if fewer can be told apart.
    """
    found = np.full(len(loudness), NOBODY, np.int16)
    for phrase in phrases:
        found[phrase.start : phrase.end] = 0
    if not phrases or speakers == (1, 1):
        return found
    fewest, most = speakers or (1, 2)
    by_channel = channel_labels(*sides(waveform), phrases=phrases) if waveform.channels > 1 else None
    if by_channel is not None and fewest <= 2 <= most:  # noqa: PLR2004 - two channels
        return by_channel
    encoder = encoder or GE2E()
    pieces = [piece for phrase in phrases for piece in _pieces(phrase, loudness=loudness)]
    voices = _voices(encoder, waveform, pieces=pieces, speakers=speakers)
    if len(voices) > 1:
        steps = [step for phrase in phrases for step in _steps(phrase)]
        begun = {phrase.start for phrase in phrases}
        path = _likeliest(
            _evidence(encoder, waveform, phrases=phrases, voices=voices), starts=[step.start in begun for step in steps]
        )
        for step, voice in zip(steps, path, strict=True):
            found[step.start : step.end] = voice
    return by_appearance(found)


def _pieces(phrase: Span, *, loudness: Floats) -> Iterator[Span]:
    """Split a long phrase at its quietest place, where a change of voice is most likely."""
    if len(phrase) <= _LONGEST_PIECE:
        yield phrase
        return
    inside = loudness[phrase.start + _SHORTEST_PIECE : phrase.end - _SHORTEST_PIECE]
    smooth = np.convolve(inside, np.ones(_SMOOTHED), mode="valid")
    at = phrase.start + _SHORTEST_PIECE + _SMOOTHED // 2 + int(smooth.argmin())
    yield from _pieces(Span(phrase.start, at), loudness=loudness)
    yield from _pieces(Span(at, phrase.end), loudness=loudness)


def _voices(
    encoder: SpeakerEncoder, waveform: Waveform, *, pieces: Sequence[Span], speakers: tuple[int, int] | None
) -> _Reals:
    """Return a unit vector per voice, based on the pieces that are long enough."""
    shortest = min(_SHORTEST_PIECE, max(len(piece) for piece in pieces))
    long = [piece for piece in pieces if len(piece) >= shortest]
    vectors = encoder.vectors(waveform, long).astype(np.float64)
    seconds = np.array([len(piece) / FRAMES_PER_SECOND for piece in long])
    groups = grouped(vectors, seconds=seconds, speakers=speakers)
    centres = np.array([seconds[group] @ vectors[group] for group in groups])
    return np.asarray(centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9), np.float64)


def _evidence(encoder: SpeakerEncoder, waveform: Waveform, *, phrases: Sequence[Span], voices: _Reals) -> _Reals:
    """Return the evidence for each voice (columns) in each step of the phrases (rows)."""
    steps = [(step, _around(step, phrase)) for phrase in phrases for step in _steps(phrase)]
    evidence = np.zeros((len(steps), len(voices)))
    for start in range(0, len(steps), _STEPS_AT_ONCE):
        block = steps[start : start + _STEPS_AT_ONCE]
        vectors = encoder.vectors(waveform, [window for _, window in block])
        lengths = np.array([len(step) for step, _ in block])[:, None]
        evidence[start : start + len(block)] = _EVIDENCE / FRAMES_PER_SECOND * lengths * (vectors @ voices.T)
    return evidence


def _steps(phrase: Span) -> Iterator[Span]:
    for at in range(phrase.start, phrase.end, _STEP):
        yield Span(at, min(at + _STEP, phrase.end))


def _around(step: Span, phrase: Span) -> Span:
    """Return the window around the middle of a step, inside its phrase."""
    start = max(phrase.start, min((step.start + step.end - _AROUND) // 2, phrase.end - _AROUND))
    return Span(start, min(start + _AROUND, phrase.end))


def _likeliest(evidence: _Reals, *, starts: Sequence[bool]) -> list[int]:
    """Return the path with the most evidence minus the cost of its changes (Viterbi)."""
    score = evidence[0]
    back = np.zeros(evidence.shape, np.int16)
    stay = np.arange(evidence.shape[1])
    for at in range(1, len(evidence)):
        price = _CHANGE_AT_PAUSE if starts[at] else _CHANGE_IN_PHRASE
        best = int(np.argmax(score))
        changing = score[best] - price > score
        back[at] = np.where(changing, best, stay)
        score = np.where(changing, score[best] - price, score) + evidence[at]
    path = [int(np.argmax(score))]
    for at in range(len(evidence) - 1, 0, -1):
        path.append(int(back[at, path[-1]]))
    return path[::-1]
