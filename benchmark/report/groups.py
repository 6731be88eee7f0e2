"""Scores by group of test cases: by the size of the structure (COPLE paper, Fig. 5), and by the dataset's groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import METRICS
from ..store.index import open_index
from .leaderboard import Leaderboard
from .rows import Row
from .scores import Observations, summaries

FEWEST_CASES = 3
"""A group of fewer cases is not shown."""

MOST_GROUPS = 6

_BOUNDS_ML = {"uestc-covid19": (50.0, 200.0), "covid19-ct-seg": (50.0, 200.0)}
"""Volumes that the COPLE paper (Fig. 5) divides the lesions of its data at; elsewhere thirds of the test cases."""

_LETTERS = "ABC"


@dataclass(frozen=True)
class Group:
    """The test cases of one group and the summary of Dice of each row (by `unit`) on them."""

    title: str
    cases: int
    dice: dict[int, dict[str, Any]]


@dataclass(frozen=True)
class Grouping:
    """One way to divide the test cases: its name in the pictures, and its groups.

    Attributes
    ----------
    left_out
        Number of cases by the title of each group of too few, the largest first.
    unknown
        Number of cases of which the group is not known.
    """

    name: str
    groups: list[Group]
    left_out: dict[str, int]
    unknown: int


class Groups:
    """Divides the test cases of sections of a leaderboard."""

    def __init__(self, board: Leaderboard) -> None:
        snapshot = open_index(board.store)
        self._cells = snapshot.cells
        self._names = [name for name in snapshot.case_columns if name.startswith("group_")]
        columns = ["case", "patient", "class", "dice", "truth_voxels", "truth_volume_ml", *self._names]
        self._entries = snapshot.cases(columns)
        self._unit = self._cells["row"].to_numpy()[self._entries["position"].to_numpy()]

    def of(self, rows: Sequence[Row]) -> list[Grouping]:
        """Groupings of a section's complete rows in which at least two groups hold enough cases."""
        units = [row.unit for row in rows]
        own = np.isin(self._unit, units)
        first = self._entries[own & (self._unit == units[0])].drop_duplicates(["case", "class"])
        found = [self._by_size(own, first, rows[0])]
        found += [self._by_column(own, first, name) for name in self._names]
        return [grouping for grouping in found if grouping is not None and len(grouping.groups) > 1]

    def _by_size(self, own: np.ndarray, first: pd.DataFrame, row: Row) -> Grouping | None:
        by_case = first.groupby("case", observed=True)
        is_known = first["truth_volume_ml"].notna().all()
        column, unit = ("truth_volume_ml", "ml") if is_known else ("truth_voxels", "voxels")
        size = by_case[column].sum(min_count=1).dropna()
        if len(size) < 3 * FEWEST_CASES or size.nunique() < 3:
            return None
        given = _BOUNDS_ML.get(self._dataset(row)) if is_known else None
        low, high = given or np.quantile(size, [1 / 3, 2 / 3])
        below, above = (f"{_round(bound):g}" for bound in (low, high))
        titles = [f"up to {below}", f"{below} to {above}", f"above {above}"]
        chosen = np.digitize(size, [low, high], right=True)
        held = {f"{_LETTERS[at]}: {title} {unit}": size.index[chosen == at] for at, title in enumerate(titles)}
        unknown = first["case"].nunique() - len(size)
        return self._grouping(own, "size" if given else "size, thirds of the test cases", held, unknown)

    def _by_column(self, own: np.ndarray, first: pd.DataFrame, name: str) -> Grouping | None:
        plain, by_case = name.removeprefix("group_"), first.drop_duplicates("case")
        values = by_case.dropna(subset=[name]).groupby(name, observed=True)["case"]
        held = {str(value): pd.Index(cases) for value, cases in values}
        if sum(len(cases) >= FEWEST_CASES for cases in held.values()) > MOST_GROUPS:
            return None
        return self._grouping(own, plain, held, int(by_case[name].isna().sum()))

    def _grouping(self, own: np.ndarray, name: str, held: Mapping[str, pd.Index], unknown: int) -> Grouping:
        """Of the cases by group, those of enough cases with their scores."""
        shown = [self._group(own, cases, title) for title, cases in held.items() if len(cases) >= FEWEST_CASES]
        few = {title: len(cases) for title, cases in held.items() if 0 < len(cases) < FEWEST_CASES}
        return Grouping(name, shown, dict(sorted(few.items(), key=lambda item: -item[1])), unknown)

    def _group(self, own: np.ndarray, cases: pd.Index, title: str) -> Group:
        inside = own & self._entries["case"].isin(cases).to_numpy()
        observations = Observations.of(np.where(inside, self._unit, -1), self._cells, self._entries)
        return Group(title, len(cases), dict(self._summaries(observations)))

    def _summaries(self, observations: Observations) -> Iterator[tuple[int, dict[str, Any]]]:
        return summaries(observations, self._entries["dice"].to_numpy(), METRICS["dice"])

    def _dataset(self, row: Row) -> str:
        return str(row.facts["dataset"]).partition(":")[0].partition("@")[0].partition(",")[0]


def _round(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}")
