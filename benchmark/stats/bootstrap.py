"""Hierarchical bootstrap of means over patients and seeds that keeps its level with few of either.

Resampling two or three seeds with replacement gives far too narrow intervals: the spread between them is
underestimated, and so is the doubt about that spread. Here a draw is

    mean + patients resampled, widened for their number + seeds, drawn from a t distribution,

that is, patients are resampled with replacement and their deviation is multiplied by sqrt(n / chi2(n - 1)), which
makes it a t variable with n - 1 degrees of freedom where scores are normal and leaves their skewness where they are
not; the seeds' deviations get Gaussian weights and, likewise, the tails of a t variable with one degree of freedom
less than there are seeds. The sum is the Behrens-Fisher distribution of the mean, which errs on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..seeds import stream

DRAWS = 4000
LEVEL = 0.95

_COLUMNS = 256
"""Quantities whose draws are sorted at a time: bounds the memory."""


@dataclass(frozen=True)
class Estimates:
    """Means of `m` quantities, and what each patient and each seed contributes to them.

    Attributes
    ----------
    mean
        `[m]`.
    patients
        `[m, n]`: sum over a patient's observations of (score - mean), divided by the number of observations.
    seeds
        `[m, s]`: the same for each seed; `[m, 0]` where the trained models are taken as they are.
    """

    mean: np.ndarray
    patients: np.ndarray
    seeds: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, fixed_seeds: bool = False) -> Estimates:
        """From scores `[m, patients, seeds]`; NaN where there is none."""
        known = np.isfinite(values)
        # who has no score at all is none of those whose number widens the draws
        values = values[:, known.any((0, 2))][:, :, known.any((0, 1))]
        known = np.isfinite(values)
        count = known.sum((1, 2))
        mean = np.where(known, values, 0.0).sum((1, 2)) / count
        parts = np.where(known, values - mean[:, None, None], 0.0) / count[:, None, None]
        seeds = parts.sum(1)
        return cls(mean, parts.sum(2), seeds[:, :0] if fixed_seeds else seeds)

    def contrast(self, factors: np.ndarray) -> Estimates:
        """Sums of the quantities, each times its factor: `factors` is `[k, m]`."""
        return Estimates(factors @ self.mean, factors @ self.patients, factors @ self.seeds)

    def variances(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared standard errors `[m]` of the means: by the choice of patients, and by that of seeds."""
        return _variance(self.patients), _variance(self.seeds)

    def draws(self) -> np.ndarray:
        """`[DRAWS, m]`: means as they may have come out; the same draws for all quantities."""
        patients, seeds = _weights(self.patients.shape[1], self.seeds.shape[1])
        return np.asarray(self.mean + patients @ self.patients.T + seeds @ self.seeds.T)

    def intervals(self) -> np.ndarray:
        """`[2, m]`: 95 % intervals, the quantiles of `draws`; for many quantities at once."""
        weights = _joint(self.patients.shape[1], self.seeds.shape[1])
        parts = np.concatenate([self.patients, self.seeds], axis=1).astype(np.float32)
        blocks = [_quantiles(parts[at : at + _COLUMNS] @ weights) for at in range(0, len(parts), _COLUMNS)]
        return np.asarray(self.mean + np.concatenate(blocks, axis=1))


def _variance(parts: np.ndarray) -> np.ndarray:
    groups = parts.shape[1]
    return np.asarray((parts**2).sum(1) * (groups / (groups - 1) if groups > 1 else 0.0))


@lru_cache(maxsize=64)
def _weights(patients: int, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """`[DRAWS, patients]` and `[DRAWS, seeds]` factors of their deviations."""
    rng = stream(0, "hierarchical bootstrap", patients, seeds)
    return _widened(rng, patients), _gaussian(rng, seeds) if seeds else np.empty((DRAWS, 0))


@lru_cache(maxsize=16)
def _joint(patients: int, seeds: int) -> np.ndarray:
    """float32 `[patients + seeds, DRAWS]`."""
    return np.ascontiguousarray(np.concatenate(_weights(patients, seeds), axis=1).T, dtype=np.float32)


def _quantiles(drawn: np.ndarray) -> np.ndarray:
    """`[2, k]` bounds of the middle `LEVEL` of each row, linearly interpolated; sorts in place."""
    # a whole sort is vectorised, and faster here than a partial one
    drawn.sort(axis=1)
    bounds = []
    for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        place = share * (drawn.shape[1] - 1)
        below, above = (drawn[:, int(place) + step].astype(float) for step in (0, 1))
        bounds.append(below + (place - int(place)) * (above - below))
    return np.stack(bounds)


def _widened(rng: np.random.Generator, groups: int) -> np.ndarray:
    """`resampled`, widened for the number of patients."""
    return resampled(rng, groups) * np.sqrt(groups / rng.chisquare(groups - 1, (DRAWS, 1)))


def resampled(rng: np.random.Generator, patients: int) -> np.ndarray:
    """`[DRAWS, patients]`: how much more often than once each is drawn, with replacement."""
    return np.asarray(rng.multinomial(patients, np.full(patients, 1 / patients), DRAWS) - 1.0)


def _gaussian(rng: np.random.Generator, groups: int) -> np.ndarray:
    """`[DRAWS, groups]` weights under which deviations that sum to 0 give a t variable of `groups - 1` degrees."""
    scale = np.sqrt(groups / rng.chisquare(groups - 1, (DRAWS, 1)))
    return np.asarray(rng.standard_normal((DRAWS, groups)) * scale)
