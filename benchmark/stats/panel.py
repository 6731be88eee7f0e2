"""Scores of several methods on the same patients by several seeds, as one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .enough import too_few

ROUNDING = 1e-12
"""Smaller differences are none."""


@dataclass(frozen=True)
class Panel:
    """Scores by method, patient and seed.

    Attributes
    ----------
    methods, patients, seeds
        Labels of the three axes.
    values
        float `[methods, patients, seeds]`: mean over a patient's cases, so that a patient with several scans counts
        once; NaN where nothing was observed, or nothing is defined.
    """

    methods: tuple[str, ...]
    patients: tuple[str, ...]
    seeds: tuple[int, ...]
    values: np.ndarray

    @classmethod
    def of(cls, scores: pd.DataFrame) -> Panel:
        """Arrange a frame with the columns `method, patient, case, seed, score`, one row per observation."""
        keys = [scores[name].astype(str if name != "seed" else int) for name in ("method", "patient", "seed")]
        means = scores["score"].astype(float).groupby(keys).mean()
        methods = tuple(dict.fromkeys(keys[0]))
        patients, seeds = tuple(sorted(set(keys[1]))), tuple(sorted(set(keys[2])))
        full = means.reindex(pd.MultiIndex.from_product([methods, patients, seeds]))
        values = full.to_numpy().reshape(len(methods), len(patients), len(seeds))
        return cls(methods, patients, seeds, values)

    def row(self, method: str) -> np.ndarray:
        """`[patients, seeds]` of one method."""
        found: np.ndarray = self.values[self.methods.index(method)]
        return found

    def difference(self, a: str, b: str) -> np.ndarray:
        """`[patients, seeds]` of `a` less `b`; NaN where either has no score."""
        found: np.ndarray = self.row(a) - self.row(b)
        return found

    def common(self, methods: Sequence[str]) -> np.ndarray:
        """`[methods, patients, seeds]`, NaN for all where one of them has no score."""
        values = np.stack([self.row(method) for method in methods])
        found: np.ndarray = np.where(np.isfinite(values).all(0), values, np.nan)
        return found


def by_patient(values: np.ndarray) -> np.ndarray:
    """Means over the seeds of `[patients, seeds]`, of the patients with any score: seeds are no further cases."""
    known = np.isfinite(values)
    kept = known.any(1)
    sums = np.where(known, values, 0.0).sum(1)
    found: np.ndarray = sums[kept] / known.sum(1)[kept]
    return found


def why_not(values: np.ndarray, fixed_seeds: bool = False) -> str:
    """Why `[patients, seeds]` differences are not enough data; empty where they are."""
    known = np.isfinite(values)
    return too_few(int(known.any(1).sum()), int(known.any(0).sum()), fixed_seeds) or _flat(by_patient(values))


def _flat(values: np.ndarray) -> str:
    """Patients that all differ alike have no spread to test with, whatever their seeds do."""
    return "" if np.ptp(values) > ROUNDING else f"all differences are equal ({np.round(values[0], 12):g})"
