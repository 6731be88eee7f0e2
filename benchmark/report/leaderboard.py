"""The leaderboard: one row per question, method and protocol, with its scores and its rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import METRICS
from ..registry import Registries
from ..store import Store
from ..store.index import damaged, open_index
from ..store.published import Snapshot
from .ranking import add_drops, rank, tables
from .rows import Row, read_rows
from .scores import Observations, summaries

CLASS_METRICS = ("dice", "asd", "asd_mm", "hd95", "hd95_mm")
"""Metrics that are also shown class by class."""

_NOTHING: dict[str, Any] = {"mean": None, "std_cases": None, "std_seeds": None, "ci95": None, "undefined": None}


@dataclass
class Leaderboard:
    """All rows of a store.

    Attributes
    ----------
    plan
        `plan.json` without its cells.
    rows
        By dataset, supervision, ratio, table and rank; incomplete rows, which have no scores, come last.
    cells
        As `Index.cells`.
    case_dice
        Per complete row, by `unit`: Dice of each test case, averaged over classes and seeds.
    store
        What the above was made from.
    """

    plan: dict[str, Any]
    rows: list[Row]
    cells: pd.DataFrame
    case_dice: dict[int, np.ndarray]
    store: Store

    @property
    def datasets(self) -> list[str]:
        """Labels of the datasets."""
        return list(dict.fromkeys(row.facts["dataset"] for row in self.rows))

    @property
    def title(self) -> str:
        """The benchmark's name, or what it is about."""
        named = self.plan.get("name") or self.plan["spec"].get("name")
        return str(named) if named else f"Leaderboard: {', '.join(self.datasets)}"

    @property
    def command(self) -> str:
        """The command that made it."""
        return str(self.plan.get("command") or "nsbench run spec.yaml")

    @property
    def left_out(self) -> list[str]:
        """What the spec asked for and cannot be run, with the reason."""
        return list(self.plan.get("left_out", []))

    @property
    def damaged(self) -> list[str]:
        """One message per damaged record."""
        return damaged(self.cells)


def leaderboard_rows(store: Store, registries: Registries | None = None) -> list[dict[str, Any]]:
    """The rows as `nsbench leaderboard --format json` prints them.

    `metrics` maps each name of `METRICS` to mean, std_cases, std_seeds, ci95 and undefined (how many values
    had none); scores are fractions, distances are in voxels or mm, `drop` is Dice less the clean row's. All
    scores of a row are null unless each of its planned cells is done: nothing is averaged over survivors.
    """
    return [row.facts for row in make_leaderboard(store, registries).rows]


def make_leaderboard(store: Store, registries: Registries | None = None) -> Leaderboard:
    """Summarise, rank and order everything that a store holds.

    Parameters
    ----------
    registries
        Where to look up what a method may know; None for the built-in and installed plugins.

    Raises
    ------
    UserError
        The folder holds no plan.
    """
    index = open_index(store)
    rows = read_rows(index.cells, registries or Registries())
    entries = index.cases(["case", "patient", "class"])
    unit_of_cell = index.cells["row"].to_numpy().copy()
    incomplete = [row.unit for row in rows if not row.complete]
    unit_of_cell[np.isin(unit_of_cell, incomplete)] = -1
    unit = unit_of_cell[entries["position"].to_numpy()]
    observations = Observations.of(unit, index.cells, entries)
    _add_scores(rows, index, observations)
    _add_class_scores(rows, index, unit, entries)
    dice = observations.values(_column(index, "dice"))
    for together in tables(rows).values():
        rank(together, observations, dice)
    add_drops(rows)
    return Leaderboard(index.plan, _ordered(rows), index.cells, observations.by_case(dice), store)


def _column(index: Snapshot, metric: str) -> np.ndarray:
    values: np.ndarray = index.cases([metric])[metric].to_numpy()
    return values


def _add_scores(rows: list[Row], index: Snapshot, observations: Observations) -> None:
    by_unit = {row.unit: row for row in rows}
    for row in rows:
        row.facts["metrics"] = dict.fromkeys(METRICS, _NOTHING)
    for metric in METRICS:
        for unit, summary in summaries(observations, _column(index, metric), METRICS[metric]):
            by_unit[unit].facts["metrics"][metric] = summary


def _add_class_scores(rows: list[Row], index: Snapshot, unit: np.ndarray, entries: pd.DataFrame) -> None:
    """Set `classes` of rows with several classes: class name -> metric -> summary."""
    by_unit = {row.unit: row for row in rows}
    for row in rows:
        row.facts["classes"] = {}
    several = np.array([row.unit for row in rows if len(row.classes) > 1])
    most = 1 + max((len(row.classes) for row in rows), default=0)
    unit = np.where(np.isin(unit, several), unit * most + entries["class"].to_numpy(), -1)
    observations = Observations.of(unit, index.cells, entries)
    for metric in CLASS_METRICS if len(several) else ():
        for code, summary in summaries(observations, _column(index, metric), METRICS[metric]):
            row = by_unit[code // most]
            row.facts["classes"].setdefault(row.classes[code % most - 1], {})[metric] = summary


def _ordered(rows: list[Row]) -> list[Row]:
    """By dataset as planned, clean first, noise models as planned, ratio, table, rank, name."""
    datasets = {row.facts["dataset"]: None for row in rows}
    noises = {row.facts["noise"]: None for row in rows}
    places = [{name: i for i, name in enumerate(names)} for names in (datasets, noises, tables(rows))]

    def key(row: Row) -> tuple[Any, ...]:
        ratio, place = row.facts["ratio"] or 0.0, row.facts["rank"] or len(rows)
        first = (places[0][row.facts["dataset"]], ratio > 0, places[1][row.facts["noise"]], ratio)
        return (*first, places[2][row.table], place, row.facts["method"])

    return sorted(rows, key=key)
