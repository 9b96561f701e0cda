"""The arithmetic of telling voices apart: many Gaussians side by side, and what merging two of them would cost.

The cost is the difference of the Bayesian information criterion (Chen and Gopalakrishnan, 1998): below zero, one
Gaussian explains both pieces as well as two do, so one voice said both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from transcription.engine.features import Floats

Reals = NDArray[np.float64]

_FLOOR = 0.05
"""Added to every variance: the cepstra of digital silence or a pure tone have none."""

_PENALTY = 2.35
"""How much the criterion prefers one voice to two; the literature's 1 to 3, measured for these features."""

_MOST_EVIDENCE = 1_500.0
"""Frames (15 s) beyond which a voice gains no weight: else long talk of one voice would always look like two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaussians:
    """Several full-covariance Gaussians: one row each; `counts` are frames, `spreads` log-determinants."""

    counts: Reals
    means: Reals
    covariances: Reals
    spreads: Reals

    @classmethod
    def fitted(cls, groups: Sequence[Floats]) -> Self:
        """Fit one Gaussian to each group of frames; every group has at least one."""
        means = np.array([np.mean(group, axis=0, dtype=np.float64) for group in groups])
        covariances = np.array([_covariance(group) for group in groups])
        return cls._made(np.array([float(len(group)) for group in groups]), means, covariances)

    @classmethod
    def _made(cls, counts: Reals, means: Reals, covariances: Reals) -> Self:
        return cls(counts=counts, means=means, covariances=covariances, spreads=_spreads(covariances))

    def __len__(self) -> int:
        return len(self.counts)

    def taken(self, rows: Sequence[int]) -> Gaussians:
        """Return only these rows, in this order."""
        at = list(rows)
        return Gaussians(
            counts=self.counts[at], means=self.means[at], covariances=self.covariances[at], spreads=self.spreads[at]
        )

    def criteria(self, row: int) -> Reals:
        """Return the difference of the criterion for merging `row` with each row: below zero, merge."""
        one, others = min(self.counts[row], _MOST_EVIDENCE), np.minimum(self.counts, _MOST_EVIDENCE)
        size = self.means.shape[1]
        price = _PENALTY * 0.5 * (size + size * (size + 1) / 2) * np.log(one + others)
        return np.asarray(self._gains(row, one=float(one), others=others) - price, np.float64)

    def differences(self, row: int, *, doubt: float) -> Reals:
        """Return how different `row` and each row are: a likelihood ratio per frame, whatever their lengths.

        `doubt` is in frames: a voice that is heard for less than many times as long must differ more.
        """
        one, others = float(self.counts[row]), self.counts
        shared = one * others / (one + others)
        return np.asarray(self._gains(row, one=one, others=others) / (shared + doubt), np.float64)

    def _gains(self, row: int, *, one: float, others: Reals) -> Reals:
        """Return the log-likelihood that is lost by merging `row` with each row, for these many frames of them."""
        total = one + others
        merged = _spreads(_pooled(self, row, one / total))
        return np.asarray(0.5 * (total * merged - one * self.spreads[row] - others * self.spreads), np.float64)

    def merge(self, keep: int, gone: int) -> None:
        """Merge row `gone` into row `keep` in place; row `gone` keeps its old values and is for the caller to skip."""
        total = self.counts[keep] + self.counts[gone]
        share = self.counts[keep] / total
        self.covariances[keep] = _pooled(self, keep, np.full(len(self), share))[gone]
        self.means[keep] = share * self.means[keep] + (1 - share) * self.means[gone]
        self.counts[keep] = total
        self.spreads[keep] = _spreads(self.covariances[keep])

    def likelihoods(self, frames: Floats) -> Reals:
        """Return the log-likelihood of every frame (rows) under every Gaussian (columns)."""
        columns = []
        for mean, covariance, spread in zip(self.means, self.covariances, self.spreads, strict=True):
            whitened = (frames - mean) @ np.linalg.inv(np.linalg.cholesky(covariance)).T
            columns.append(-0.5 * (np.sum(whitened**2, axis=1) + spread))
        return np.stack(columns, axis=1)


def _covariance(group: Floats) -> Reals:
    centred = group - np.mean(group, axis=0, dtype=np.float64)
    return np.asarray(centred.T @ centred / len(group) + _FLOOR * np.eye(group.shape[1]), np.float64)


def _pooled(all_: Gaussians, row: int, share: Reals) -> Reals:
    """Return the covariances of `row` pooled with every row, `share` being the weight of `row` in each pair."""
    apart = all_.means - all_.means[row]
    weight = share[:, None, None]
    between = apart[:, :, None] * apart[:, None, :]
    return np.asarray(
        weight * all_.covariances[row] + (1 - weight) * all_.covariances + weight * (1 - weight) * between, np.float64
    )


def _spreads(covariances: Reals) -> Reals:
    return np.asarray(np.linalg.slogdet(covariances)[1], np.float64)
