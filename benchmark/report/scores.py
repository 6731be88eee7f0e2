"""Per-case metrics, arranged so that many rows of a leaderboard are summarised at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import Metric
from .stats import Design, Summary, group_means, summarise


@dataclass(frozen=True)
class Observations:
    """One observation per unit, seed, fold and case: the mean of its defined entries.

    A unit is what gets a mean of its own: a row of the leaderboard, or one class of a row. An entry is a row
    of `cases.parquet`. Observations are ordered by unit, seed, fold and case.

    Attributes
    ----------
    order
        Entries in the order of the observations.
    starts
        First entry of each observation, in `order`.
    seeds, folds, cases, patients
        Of each observation, codes that mean the same in all units.
    units
        First and one past the last observation of each unit.
    """

    order: np.ndarray
    starts: np.ndarray
    seeds: np.ndarray
    folds: np.ndarray
    cases: np.ndarray
    patients: np.ndarray
    units: dict[int, tuple[int, int]]

    @classmethod
    def of(cls, unit: np.ndarray, cells: pd.DataFrame, entries: pd.DataFrame) -> Observations:
        """Arrange entries.

        Parameters
        ----------
        unit
            int `[entries]`; entries of negative units are left out.
        cells, entries
            As `Index.cells` and `Index.cases`, with the columns `case` and `patient`.
        """
        position = entries["position"].to_numpy()
        seed, fold = (cells[name].to_numpy()[position] for name in ("seed", "fold"))
        case = entries["case"].cat.codes.to_numpy()
        patient = _patients(entries)
        kept = np.flatnonzero(unit >= 0)
        order = kept[np.lexsort((case[kept], fold[kept], seed[kept], unit[kept]))]
        key = np.stack([unit[order], position[order], case[order]])
        changes = np.flatnonzero((np.diff(key, axis=1) != 0).any(0)) + 1
        starts = np.concatenate([[0], changes]) if len(order) else changes
        first = order[starts]
        return cls(order, starts, seed[first], fold[first], case[first], patient[first], _ranges(unit[first]))

    def values(self, entries: np.ndarray) -> np.ndarray:
        """Float64 `[observations]` of a metric's column; NaN where no entry is defined."""
        ordered = entries[self.order]
        if len(self.starts) == len(ordered):
            return np.asarray(ordered)
        defined = np.isfinite(ordered)
        sums = np.add.reduceat(np.where(defined, ordered, 0), self.starts)
        with np.errstate(invalid="ignore"):
            means: np.ndarray = sums / np.add.reduceat(defined.astype(float), self.starts)
        return means

    def undefined(self, entries: np.ndarray) -> np.ndarray:
        """Number of undefined entries of each observation."""
        missing = ~np.isfinite(entries[self.order])
        counts: np.ndarray = np.add.reduceat(missing.astype(int), self.starts) if len(missing) else missing.astype(int)
        return counts

    @cached_property
    def designs(self) -> list[tuple[Design, list[int]]]:
        """The distinct designs and the units that have each."""
        found: dict[bytes, tuple[Design, list[int]]] = {}
        for unit in self.units:
            design = self._design(unit)
            found.setdefault(design.key, (design, []))[1].append(unit)
        return list(found.values())

    @cached_property
    def design_of(self) -> dict[int, Design]:
        """The design of each unit."""
        return {unit: design for design, units in self.designs for unit in units}

    def _design(self, unit: int) -> Design:
        part = slice(*self.units[unit])
        columns = (self.seeds, self.cases, self.patients, self.folds)
        seeds, cases, patients, folds = (np.unique(codes[part], return_inverse=True)[1] for codes in columns)
        return Design(seeds, cases, patients, seeds if seeds.any() else folds)

    def matrix(self, values: np.ndarray, units: Sequence[int]) -> np.ndarray:
        """`[n, units]` values of units that share a design."""
        starts = np.array([self.units[unit][0] for unit in units])
        found: np.ndarray = values[starts + np.arange(len(self.design_of[units[0]].seeds))[:, None]]
        return found

    def by_case(self, values: np.ndarray) -> dict[int, np.ndarray]:
        """Per unit the mean of each case over its seeds, in the order of the cases; NaN where none is defined."""
        found: dict[int, np.ndarray] = {}
        for design, units in self.designs:
            means = group_means(self.matrix(values, units), design.cases)
            found.update(zip(units, means.T))
        return found

    def same_cases(self, a: int, b: int) -> bool:
        """Whether two units were observed on the same cases with the same seeds and folds: they can be paired."""
        one, other = slice(*self.units[a]), slice(*self.units[b])
        return all(np.array_equal(codes[one], codes[other]) for codes in (self.seeds, self.folds, self.cases))


def summaries(observations: Observations, entries: np.ndarray, metric: Metric) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each unit's summary of one metric: JSON-able, null where there is not enough data."""
    values, undefined = observations.values(entries), observations.undefined(entries)
    for design, units in observations.designs:
        summary = summarise(observations.matrix(values, units), design)
        missing = observations.matrix(undefined, units).sum(0)
        yield from zip(units, describe(summary, missing, metric))


def describe(summary: Summary, undefined: np.ndarray, metric: Metric) -> Iterator[dict[str, Any]]:
    """The columns of a summary as plain numbers, with the number of undefined values of each."""
    columns = (summary.mean, summary.std_cases, summary.std_seeds, summary.low, summary.high)
    plain = [[value if isfinite(value) else None for value in column.tolist()] for column in columns]
    for mean, std_cases, std_seeds, low, high, missing in zip(*plain, undefined.tolist()):
        interval = None if low is None or high is None else list(metric.within(low, high))
        spread = {"std_cases": std_cases, "std_seeds": std_seeds}
        yield {"mean": mean, **spread, "ci95": interval, "undefined": missing}


def number(value: Any) -> float | None:
    """A float, or None for NaN and None."""
    return None if value is None or not isfinite(value) else float(value)


def _patients(entries: pd.DataFrame) -> np.ndarray:
    """Codes of the patients in the order of their names, as `stats.panel` has them; of the case where unknown."""
    patient, case = entries["patient"].cat, entries["case"].cat
    names = [*map(str, patient.categories), *map(str, case.categories)]
    places = np.unique(names, return_inverse=True)[1] if names else np.zeros(0, dtype=int)
    known, own = patient.codes.to_numpy(), len(patient.categories) + case.codes.to_numpy()
    return np.asarray(places[np.where(known < 0, own, known)])


def _ranges(units: np.ndarray) -> dict[int, tuple[int, int]]:
    edges = np.flatnonzero(np.diff(units)) + 1
    starts = [0, *edges.tolist()] if len(units) else []
    return {int(units[start]): (start, stop) for start, stop in zip(starts, [*starts[1:], len(units)])}
