"""Mean, spread and interval of scores that were observed on cases by several seeds.

The interval is a percentile bootstrap that resamples patients and seeds at once, each with replacement and
independently (the pigeonhole bootstrap: Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics
1(2)). `scipy.stats.bootstrap` resamples one axis only, so it can take the scores either of other patients or
of other seeds for granted, but not neither; hence the few lines here. Patients, not cases, are resampled:
two scans of one person are no two observations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..seeds import stream

RESAMPLES = 1000
LEVEL = 0.95
FEWEST_PATIENTS = 3
"""With fewer patients there is no interval: nothing can be said of others."""

_COLUMNS = 512
"""Columns that are resampled at a time: bounds the memory."""


@dataclass(frozen=True)
class Design:
    """Which seed and which case each observation belongs to.

    Attributes
    ----------
    seeds, cases, patients
        int `[n]`, codes 0, 1, 2 ... without gaps.
    """

    seeds: np.ndarray
    cases: np.ndarray
    patients: np.ndarray

    @cached_property
    def key(self) -> bytes:
        """Equal for equal designs."""
        return b"|".join(codes.astype(np.int32).tobytes() for codes in (self.seeds, self.cases, self.patients))

    @cached_property
    def weights(self) -> np.ndarray:
        """float32 `[RESAMPLES, n]`: how often each observation is drawn, the same draws for every metric and method."""
        rng = stream(0, "bootstrap", len(self.seeds))
        seeds, patients = _draws(rng, self.seeds), _draws(rng, self.patients)
        drawn: np.ndarray = seeds[:, self.seeds] * patients[:, self.patients]
        return drawn

    @property
    def enough(self) -> bool:
        """Whether an interval can be given at all."""
        return _count(self.patients) >= FEWEST_PATIENTS


@dataclass(frozen=True)
class Summary:
    """Statistics of `m` columns of scores; NaN where there is not enough data.

    Attributes
    ----------
    mean
        Over all defined observations.
    std_cases
        Sample standard deviation over the cases of their mean over the seeds.
    std_seeds
        Sample standard deviation over the seeds of their mean over the cases.
    low, high
        95 % interval of the mean.
    undefined
        Number of observations without a value; they are in none of the above.
    """

    mean: np.ndarray
    std_cases: np.ndarray
    std_seeds: np.ndarray
    low: np.ndarray
    high: np.ndarray
    undefined: np.ndarray


def summarise(values: np.ndarray, design: Design) -> Summary:
    """Summarise columns of scores.

    Parameters
    ----------
    values
        float `[n, m]`; NaN where a score is undefined.
    design
        Of the `n` observations.
    """
    defined = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(defined, values, 0).sum(0) / defined.sum(0)
        centred = np.where(defined, values - mean, 0)
        std_cases = _spread(values - mean, design.cases)
        std_seeds = _spread(values - mean, design.seeds)
        low, high = _intervals(centred, defined, design)
    return Summary(mean, std_cases, std_seeds, mean + low, mean + high, (~defined).sum(0))


def _count(codes: np.ndarray) -> int:
    return int(codes.max()) + 1 if len(codes) else 0


def group_means(values: np.ndarray, codes: np.ndarray, groups: int | None = None) -> np.ndarray:
    """`[groups, m]` means over the observations of each group; NaN where a group has no defined value."""
    member = (codes == np.arange(_count(codes) if groups is None else groups)[:, None]).astype(float)
    defined = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        if defined.all():
            return np.asarray(member @ values / member.sum(1, keepdims=True))
        means: np.ndarray = (member @ np.where(defined, values, 0)) / (member @ defined)
    return means


def _spread(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sample standard deviation over groups of the groups' means; NaN for fewer than two groups."""
    means = group_means(values, codes)
    known = np.isfinite(means)
    groups = known.sum(0)
    middle = np.where(known, means, 0).sum(0) / groups
    squares = (np.where(known, means - middle, 0) ** 2).sum(0)
    spread: np.ndarray = np.sqrt(squares / np.where(groups > 1, groups - 1, np.nan))
    return spread


def _draws(rng: np.random.Generator, codes: np.ndarray) -> np.ndarray:
    """float32 `[RESAMPLES, groups]`: how often each group is drawn when as many are drawn as there are."""
    groups = _count(codes)
    return rng.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES).astype(np.float32)


def _intervals(centred: np.ndarray, defined: np.ndarray, design: Design) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.full((2, centred.shape[1]), np.nan)
    if design.enough:
        for start in range(0, centred.shape[1], _COLUMNS):
            part = slice(start, start + _COLUMNS)
            bounds[:, part] = _percentiles(centred[:, part], defined[:, part], design)
    return bounds[0], bounds[1]


def _percentiles(centred: np.ndarray, defined: np.ndarray, design: Design) -> np.ndarray:
    """`[2, m]` bounds of the resampled means; a draw in which nothing is defined is no mean and does not count."""
    weights = design.weights
    # where all is defined the counts of all columns are equal: one will do
    counts = weights.sum(1) if defined.all() else defined.astype(np.float32).T @ weights.T
    means = (centred.astype(np.float32).T @ weights.T) / counts
    # a whole sort is vectorised, and faster here than a partial one; NaN comes last
    means.sort(axis=1)
    drawn = np.isfinite(means).sum(1)
    bounds = np.stack([_quantile(means, drawn, tail) for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)])
    bounds[:, _patients_with_values(defined, design) < FEWEST_PATIENTS] = np.nan
    return bounds


def _quantile(ordered: np.ndarray, size: np.ndarray, share: float) -> np.ndarray:
    """Linearly interpolated quantile of the first `size` values of each row."""
    place = share * np.maximum(size - 1, 0)
    lower = place.astype(int)
    upper = np.minimum(lower + 1, np.maximum(size - 1, 0))
    rows = np.arange(len(ordered))
    found: np.ndarray = ordered[rows, lower] + (place - lower) * (ordered[rows, upper] - ordered[rows, lower])
    return found


def _patients_with_values(defined: np.ndarray, design: Design) -> np.ndarray:
    member = (design.patients == np.arange(_count(design.patients))[:, None]).astype(np.float32)
    return np.asarray((member @ defined.astype(np.float32) > 0).sum(0))
