"""Linear regression from sums over voxels, so that no feature map has to be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """Sums of products over voxels, of all that a linear regression needs.

    Attributes
    ----------
    gram
        float64 `[n, n]`, n the number of features, plus one for the constant, plus the number of targets.
    targets
        Number of targets.
    """

    gram: np.ndarray
    targets: int

    @classmethod
    def of(cls, features: np.ndarray, targets: np.ndarray) -> Moments:
        """Of voxels with their features `[voxels, features]` and targets `[voxels, targets]`."""
        rows = np.concatenate([features, np.ones((len(features), 1)), targets], 1, dtype=np.float64)
        return cls(rows.T @ rows, targets.shape[1])

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.gram + other.gram, self.targets)

    @property
    def voxels(self) -> int:
        """How many were summed."""
        constant = len(self.gram) - self.targets - 1
        return round(float(self.gram[constant, constant]))


def total(parts: Iterable[Moments]) -> Moments:
    """Sum of at least one."""
    first, *others = parts
    return sum(others, first)


def coefficients(fitted: Moments) -> np.ndarray:
    """Least-squares coefficients `[features + 1, targets]`, the constant's last; the smallest where several fit."""
    inputs = len(fitted.gram) - fitted.targets
    # features of unlike size would make the sums of products ill-conditioned
    scale = np.sqrt(np.diag(fitted.gram)[:inputs])
    scale[scale == 0] = 1.0
    left = fitted.gram[:inputs, :inputs] / scale[:, None] / scale
    right = fitted.gram[:inputs, inputs:] / scale[:, None]
    return np.asarray(np.linalg.lstsq(left, right, rcond=1e-12)[0] / scale[:, None])


def r_squared(weights: np.ndarray, tested: Moments) -> float | None:
    """Explained share of the targets' variance, averaged over targets; None where no target varies.

    1 for a perfect prediction, 0 for that of the mean, negative for worse.
    """
    inputs = len(weights)
    scores = []
    for k in range(tested.targets):
        column = inputs + k
        squares, sums = tested.gram[column, column], tested.gram[inputs - 1, column]
        spread = squares - sums**2 / tested.voxels
        cross, quadratic = tested.gram[:inputs, column] @ weights[:, k], tested.gram[:inputs, :inputs] @ weights[:, k]
        missed = squares - 2 * cross + weights[:, k] @ quadratic
        if spread > 1e-12 * max(squares, 1.0):
            scores.append(1 - missed / spread)
    return float(np.mean(scores)) if scores else None
