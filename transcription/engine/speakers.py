"""Tells the voices of a recording apart without knowing any: who speaks in each frame.

Phrases are merged while the Bayesian information criterion allows (`gaussians`), minutes first and then the whole,
so that hours cost hours and not their square. Then every moment is given to the likeliest voice, where a change
inside a phrase needs more evidence than one at a pause.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from transcription.engine.features import Floats
from transcription.engine.gaussians import Gaussians, Reals
from transcription.engine.segmentation import Span

NOBODY = -1
"""The label of a frame in which no voice speaks."""

_DIFFERENT = 3.1
"""The least difference of two voices. Measured on synthetic speech: moods of one voice stay below 3.0, two voices
start at 3.5 (in noise) and are mostly above 5."""

_DOUBT = 0.025
"""The share of all speech that counts against a voice: an odd minute of one person is not a second person."""

_PIECE = 200
"""Frames (2 s) that are compared at once: long enough for a voice, short enough to be of one."""

_SHORTEST_PIECE = 60
"""Frames (0.6 s) below which there is too little to compare."""

_SHORTEST_VOICE = 150
"""Frames (1.5 s) below which a voice is a cough, not a speaker."""

_PIECES_AT_ONCE = 300
"""About five to ten minutes: merging takes the square of this for each block of pieces."""

_STEP = 10
"""Frames (100 ms) for which the voice is decided together."""

_CHANGE_IN_PHRASE = 60.0
_CHANGE_AT_PAUSE = 15.0
"""The evidence (log-likelihood) that a change of voice needs; measured, and anything within a factor of two does."""

Labels = NDArray[np.int16]


def labels(cepstra: Floats, *, phrases: Sequence[Span], speakers: tuple[int, int] | None = None) -> Labels:
    """Return the voice (0 is the first to speak) of every frame, `NOBODY` outside the phrases.

    `speakers`: the fewest and the most that there are, if somebody knows; fewer come out where fewer can be told apart.
    """
    found = np.full(len(cepstra), NOBODY, np.int16)
    if not phrases:
        return found
    models, counted = _as_many(cepstra, phrases=phrases, speakers=speakers)
    for _ in range(2 if len(models) > 1 else 0):
        found = _resegmented(cepstra, phrases=phrases, models=models)
        models = _refitted(cepstra, found=found, models=models, all_stay=counted)
    if len(models) == 1:
        for phrase in phrases:
            found[phrase.start : phrase.end] = 0
        return found
    return _by_appearance(_resegmented(cepstra, phrases=phrases, models=models))


def _as_many(cepstra: Floats, *, phrases: Sequence[Span], speakers: tuple[int, int] | None) -> tuple[Gaussians, bool]:
    """The voices, and whether their number was not found but given."""
    fewest, most = speakers or (1, len(cepstra))
    if fewest < most:
        models = _models(cepstra, phrases=phrases, speakers=None)
        if fewest <= len(models) <= most:
            return models, False
        fewest = min(max(len(models), fewest), most)
    return _models(cepstra, phrases=phrases, speakers=fewest), True


def _models(cepstra: Floats, *, phrases: Sequence[Span], speakers: int | None) -> Gaussians:
    pieces = [piece for phrase in phrases for piece in _pieces(phrase) if len(piece) >= _SHORTEST_PIECE]
    if not pieces or speakers == 1:
        return Gaussians.fitted([np.concatenate([cepstra[phrase.start : phrase.end] for phrase in phrases])])
    every = [cepstra[piece.start : piece.end] for piece in pieces]
    blocks = [every[at : at + _PIECES_AT_ONCE] for at in range(0, len(every), _PIECES_AT_ONCE)]
    fewest = speakers or 1
    parts = [_merged(Gaussians.fitted(block), by=Gaussians.criteria, below=0, fewest=fewest) for block in blocks]
    whole = _merged(_together(parts), by=Gaussians.criteria, below=0, fewest=fewest)
    if speakers is not None:
        return _merged(whole, by=Gaussians.criteria, below=math.inf, fewest=fewest)
    doubt = _DOUBT * float(whole.counts.sum())
    whole = _merged(whole, by=partial(Gaussians.differences, doubt=doubt), below=_DIFFERENT, fewest=1)
    lasting = [row for row in range(len(whole)) if whole.counts[row] >= _SHORTEST_VOICE]
    return whole.taken(lasting or [int(np.argmax(whole.counts))])


def _pieces(phrase: Span) -> list[Span]:
    """Cut a long phrase into equal pieces: its middle may be where the voice changes."""
    count = -(-len(phrase) // _PIECE)
    edges = np.linspace(phrase.start, phrase.end, count + 1).astype(int).tolist()
    return [Span(start, end) for start, end in pairwise(edges)]


def _together(parts: Sequence[Gaussians]) -> Gaussians:
    return Gaussians(
        counts=np.concatenate([part.counts for part in parts]),
        means=np.concatenate([part.means for part in parts]),
        covariances=np.concatenate([part.covariances for part in parts]),
        spreads=np.concatenate([part.spreads for part in parts]),
    )


def _merged(apart: Gaussians, *, by: Callable[[Gaussians, int], Reals], below: float, fewest: int) -> Gaussians:
    """Merge the closest pair, as measured `by`, while it is closer than `below` and more than `fewest` are left."""
    left = list(range(len(apart)))
    costs = np.array([by(apart, row) for row in left])
    np.fill_diagonal(costs, np.inf)
    while len(left) > fewest:
        keep, gone = sorted(int(at) for at in np.unravel_index(np.argmin(costs), costs.shape))
        if costs[keep, gone] >= below:
            break
        apart.merge(keep, gone)
        left.remove(gone)
        costs[gone, :] = costs[:, gone] = np.inf
        others = [row for row in left if row != keep]
        costs[keep, others] = costs[others, keep] = by(apart, keep)[others]
    return apart.taken(left)


def _resegmented(cepstra: Floats, *, phrases: Sequence[Span], models: Gaussians) -> Labels:
    """Give every step of every phrase to the voice on the likeliest path through the whole recording."""
    evidence = np.concatenate([_evidence(cepstra[phrase.start : phrase.end], models=models) for phrase in phrases])
    starts = [at == phrase.start for phrase in phrases for at in _steps(phrase)]
    path = iter(_likeliest(evidence, starts=starts))
    found = np.full(len(cepstra), NOBODY, np.int16)
    for phrase in phrases:
        for at in _steps(phrase):
            found[at : min(at + _STEP, phrase.end)] = next(path)
    return found


def _steps(phrase: Span) -> range:
    return range(phrase.start, phrase.end, _STEP)


def _evidence(frames: Floats, *, models: Gaussians) -> Reals:
    """Return the log-likelihood of every step of a phrase (rows) under every voice (columns)."""
    return np.asarray(np.add.reduceat(models.likelihoods(frames), range(0, len(frames), _STEP), axis=0), np.float64)


def _likeliest(evidence: Reals, *, starts: Sequence[bool]) -> list[int]:
    """Find the path with the most evidence less the price of its changes (Viterbi)."""
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


def _refitted(cepstra: Floats, *, found: Labels, models: Gaussians, all_stay: bool) -> Gaussians:
    """Fit the voices to what was given to them; one that lost nearly all goes, or keeps its shape if `all_stay`."""
    given = [cepstra[found == voice] for voice in range(len(models))]
    enough = [voice for voice, frames in enumerate(given) if len(frames) >= _SHORTEST_VOICE]
    if not enough:
        return models
    fitted = Gaussians.fitted([given[voice] for voice in enough])
    others = [voice for voice in range(len(models)) if voice not in enough]
    return _together([fitted, models.taken(others)]) if all_stay and others else fitted


def _by_appearance(found: Labels) -> Labels:
    order = {voice: number for number, voice in enumerate(dict.fromkeys(found[found != NOBODY].tolist()))}
    return np.array([order.get(voice, NOBODY) for voice in found.tolist()], np.int16)
