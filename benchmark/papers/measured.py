"""What a run measured, in the terms of a paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..registry import Registries
from ..report.leaderboard import make_leaderboard
from ..store import Store
from ..store.index import open_index
from ..store.published import is_published
from .mapping import Reported
from .metrics import PrintedMetric
from .select import Stands, stand_for


@dataclass(frozen=True)
class Measured:
    """A score in the paper's unit.

    Attributes
    ----------
    mean
        Over patients and runs, each patient's scans averaged first: what the verdict compares.
    std_runs, std_cases
        Over the means of the seeds, and over the cases; None for fewer than two.
    seeds, cases
        How many.
    """

    mean: float
    std_runs: float | None
    std_cases: float | None
    seeds: int
    cases: int


@dataclass
class Measurements:
    """The rows of a run that stand for something in a paper, and their scores."""

    stands: list[Stands]
    _cells: pd.DataFrame
    _cases: pd.DataFrame
    _found: dict[Any, Measured | None] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, reported: Reported, registries: Registries) -> Measurements:
        """Of a run or a published leaderboard; a store without a plan has none."""
        if not (store.out / "plan.json").exists() and not is_published(store.out):
            return cls([], pd.DataFrame(), pd.DataFrame())
        rows = [{**row.facts, "unit": row.unit} for row in make_leaderboard(store, registries).rows]
        index = open_index(store)
        cases = index.cases()
        if cases.empty:
            return cls(list(stand_for(rows, reported)), index.cells, cases.assign(row=[]))
        for name in ("row", "seed", "fold"):
            cases[name] = index.cells[name].to_numpy()[cases["position"].to_numpy()]
        cases["patient"] = cases["patient"].astype(object).fillna(cases["case"].astype(object)).astype(str)
        return cls(list(stand_for(rows, reported)), index.cells, cases)

    def find(self, method: str, setting: dict[str, str]) -> list[Stands]:
        """What stands for a method at a setting."""
        return [each for each in self.stands if (each.method, each.setting) == (method, setting)]

    def score(self, stands: Stands, metric: PrintedMetric) -> Measured | None:
        """The score of a complete row; None where the metric was not measured."""
        if metric.name.startswith("pooled."):
            return _pooled(stands, metric)
        cases = self._cases[self._cases["row"] == stands.facts["unit"]]
        if stands.only:
            cases = cases[cases["class_name"].astype(str) == stands.only]
        if metric.name not in cases or not cases[metric.name].notna().any():
            return None
        keys = ["seed", "fold", "patient", "case"]
        by_case = cases.groupby(keys, observed=True)[metric.name].mean() * metric.scale
        # where there is one seed, its folds are the runs
        run = "seed" if cases["seed"].nunique() > 1 else "fold"
        by_patient = by_case.groupby([run, "patient"]).mean()
        by_seed = by_case.groupby(["seed", "patient"]).mean().groupby("seed").mean()
        over_cases = by_case.groupby(["fold", "case"], observed=True).mean()
        return Measured(
            float(by_patient.mean()), _std(by_seed), _std(over_cases), len(by_seed), int(over_cases.notna().sum())
        )


def _pooled(stands: Stands, metric: PrintedMetric) -> Measured | None:
    """A score of all cases together, the mean over cells; by class, the mean over the classes."""
    key = metric.name.removeprefix("pooled.")
    named = {name: scores[key] for name, scores in stands.facts["pooled"].items() if scores.get(key) is not None}
    values = [value for name, value in named.items() if stands.only in (None, name)]
    if not values:
        return None
    mean = metric.scale * float(np.mean(values))
    return Measured(mean, None, None, int(stands.facts["seeds"]), int(stands.facts["test_cases"]))


def _std(values: pd.Series) -> float | None:
    known = values.dropna()
    return float(known.std(ddof=1)) if len(known) > 1 else None
