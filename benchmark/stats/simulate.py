"""Made-up scores of known truth, on which the verdicts are tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """How scores (or paired differences of two methods) vary.

    Attributes
    ----------
    patients, seeds
        How many there are.
    by_patient, by_seed, rest
        Standard deviations, in points: from patient to patient, from seed to seed, and of what is left.
    skewed
        Let the patients' part have an exponential distribution: a few that fail.
    """

    patients: int
    seeds: int
    by_patient: float
    by_seed: float
    rest: float = 1.0
    skewed: bool = False

    def draw(self, rng: np.random.Generator, times: int, mean: float = 0.0) -> np.ndarray:
        """`[times, patients, seeds]` scores whose true mean is `mean`."""
        shape = (times, self.patients, 1)
        patients = 1 - rng.exponential(size=shape) if self.skewed else rng.standard_normal(shape)
        seeds = rng.standard_normal((times, 1, self.seeds))
        rest = rng.standard_normal((times, self.patients, self.seeds))
        found: np.ndarray = mean + self.by_patient * patients + self.by_seed * seeds + self.rest * rest
        return found


def tables(sample: Sample, rng: np.random.Generator, times: int, means: np.ndarray, unequal: float = 1.0) -> np.ndarray:
    """`[times, methods, patients, seeds]` scores of methods of these true means, each as `sample` says.

    Parameters
    ----------
    unequal
        By how much the first of every ten methods varies more from seed to seed.
    """
    shape = (times, len(means), sample.patients, sample.seeds)
    found = sample.draw(rng, times * len(means)).reshape(shape)
    more = sample.by_seed * np.sqrt(unequal**2 - 1)
    found[:, ::10] += more * rng.standard_normal((times, len(means[::10]), 1, sample.seeds))
    return np.asarray(found + means[:, None, None])
