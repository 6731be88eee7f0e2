"""Mean, spread and interval of scores that were observed on cases by several training runs.

Intervals are those of `nsbench stats`, see `stats.bootstrap`. Patients, not cases, are resampled: two scans of one
person are no two observations. With a single training run it is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..stats.bootstrap import Estimates
from ..stats.enough import too_few


@dataclass(frozen=True)
class Design:
    """Which seed and which case each observation belongs to.

    Attributes
    ----------
    seeds, cases, patients
        int `[n]`, codes 0, 1, 2 ... without gaps.
    runs
        The same of the training run: the seed, or the fold where there is one seed.
    """

    seeds: np.ndarray
    cases: np.ndarray
    patients: np.ndarray
    runs: np.ndarray

    @cached_property
    def key(self) -> bytes:
        """Equal for equal designs."""
        columns = (self.seeds, self.cases, self.patients, self.runs)
        return b"|".join(codes.astype(np.int32).tobytes() for codes in columns)

    @property
    def one_run(self) -> bool:
        """Whether there is one training run only: nothing can then be said of others."""
        return _count(self.runs) < 2


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
        95 % interval of the mean for other patients and, with several runs, for other runs.
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
        std_cases = _spread(values - mean, design.cases)
        std_seeds = _spread(values - mean, design.seeds)
    low, high = _intervals(np.where(defined, values - mean, 0), defined, design)
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


def _intervals(centred: np.ndarray, defined: np.ndarray, design: Design) -> np.ndarray:
    """`[2, m]` bounds of the means; NaN with too few patients or runs that have a value."""
    count = np.maximum(defined.sum(0), 1)
    parts = [_parts(centred / count, defined, codes) for codes in (design.patients, design.runs)]
    bounds = np.full((2, centred.shape[1]), np.nan)
    for columns, (patients, runs) in _alike(*(known for _, known in parts)):
        if too_few(patients, runs, design.one_run):
            continue
        own = [_packed(sums[:, columns], known[:, columns], n) for (sums, known), n in zip(parts, (patients, runs))]
        # one run is taken as it is
        estimates = Estimates(np.zeros(len(columns)), own[0], own[1][:, :0] if design.one_run else own[1])
        bounds[:, columns] = estimates.intervals()
    return bounds


def _parts(centred: np.ndarray, defined: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[groups, m]`: what each group contributes to the mean, and whether it has a value."""
    member = (codes == np.arange(_count(codes))[:, None]).astype(float)
    return member @ centred, member @ defined > 0


def _alike(patients: np.ndarray, runs: np.ndarray) -> Iterator[tuple[np.ndarray, tuple[int, int]]]:
    """Columns with values of equally many patients and runs, and how many these are."""
    counts = np.stack([patients.sum(0), runs.sum(0)])
    kinds, inverse = np.unique(counts, axis=1, return_inverse=True)
    for at, (of_patients, of_runs) in enumerate(kinds.T.tolist()):
        yield np.flatnonzero(inverse.ravel() == at), (of_patients, of_runs)


def _packed(sums: np.ndarray, known: np.ndarray, count: int) -> np.ndarray:
    """`[m, count]`: the contributions of the groups that have a value, `count` in each column."""
    found: np.ndarray = sums.T[known.T].reshape(sums.shape[1], count)
    return found
