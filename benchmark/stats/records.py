"""Per-case scores of the rows of a run, as the statistics want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..metrics import METRICS
from ..registry import Registries
from ..report.rows import Row, read_rows
from ..store import Store
from ..store.index import open_index

HVSMR = "pooled.hvsmr"
"""The overall score of HVSMR 2016 (`metrics.hvsmr_overall`), a sum of means, case by case."""

Bounds = tuple[float | None, float | None]
_HVSMR = {"dice": 1 / 2, "adb_mm": -1 / 4, "hd_mm": -1 / 30}
_ABOUT = ["case", "patient", "class_name", "truth_volume_ml"]


@dataclass(frozen=True)
class Records:
    """What a folder of results holds.

    Attributes
    ----------
    plan
        `plan.json` without its cells.
    rows
        In the plan's order, without scores.
    entries
        One row per cell, case and class: every metric, and `unit` (of the row), `run` (seed; fold where a row has
        one seed only).
    """

    plan: dict[str, Any]
    rows: list[Row]
    entries: pd.DataFrame

    @classmethod
    def of(cls, store: Store, registries: Registries | None = None) -> Records:
        """Read them; UserError where the folder holds no plan."""
        index = open_index(store)
        entries = index.cases([*_ABOUT, *METRICS])
        cells = index.cells.iloc[entries["position"].to_numpy()]
        # every fold is a training run of its own
        several = index.cells.groupby("row")["seed"].nunique() > 1
        use_seed = several.reindex(cells["row"]).to_numpy()
        entries["unit"] = cells["row"].to_numpy()
        entries["run"] = cells["seed"].where(use_seed, cells["fold"].to_numpy()).to_numpy()
        entries["patient"] = entries["patient"].astype(object).fillna(entries["case"].astype(object)).astype(str)
        return cls(index.plan, read_rows(index.cells, registries or Registries()), entries)

    def scores(self, row: Row, metric: str, only: str | None = None, group: Bounds | None = None) -> pd.DataFrame:
        """Columns `method, patient, case, seed, score` of one row; no rows unless all its cells are done.

        Parameters
        ----------
        metric
            A name of `METRICS`, or `HVSMR`.
        only
            One class; None: mean over the classes that have a value.
        group
            Only cases with this much foreground, from and below, in ml.
        """
        entries = self.entries[(self.entries["unit"] == row.unit) & row.complete]
        if only is not None:
            entries = entries[entries["class_name"].astype(str) == only]
        by_case = entries.groupby(["patient", "case", "run", "position"], observed=True, sort=False)
        score = _hvsmr(entries, by_case) if metric == HVSMR else by_case[metric].mean()
        if group:
            score = score[_inside(by_case["truth_volume_ml"].sum(min_count=1), group)]
        found = score.rename("score").reset_index().rename(columns={"run": "seed"})
        return found.assign(method=row.facts["method"])[["method", "patient", "case", "seed", "score"]]

    def together(self, rows: Sequence[Row], metric: str) -> pd.DataFrame:
        """The scores of several rows, one after the other."""
        return pd.concat([self.scores(row, metric) for row in rows], ignore_index=True)


def _hvsmr(entries: pd.DataFrame, by_case: Any) -> pd.Series:
    """NaN where a class has no distance."""
    terms = sum(factor * entries[name] for name, factor in _HVSMR.items())
    keys = [entries[name] for name in ("patient", "case", "run", "position")]
    grouped = pd.Series(terms, index=entries.index).groupby(keys, observed=True, sort=False)
    return grouped.sum().where(grouped.count() == by_case.size())


def _inside(volume: pd.Series, bounds: Bounds) -> pd.Series:
    low, high = bounds
    inside = volume.notna()
    if low is not None:
        inside &= volume >= low
    return inside & (volume < high) if high is not None else inside
