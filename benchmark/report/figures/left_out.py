"""Groups of too few test cases, which a picture by group does not show."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...store.index import open_index
from ..groups import FEWEST_CASES, Grouping
from ..leaderboard import Leaderboard
from ..rows import Row

_SIZES = {"A": "the smallest", "B": "the medium ones", "C": "the largest"}
"""By the letter that the title of a group by size begins with."""

_MOST_NAMES = 8
"""Of further groups only their number is told."""


class LeftOut:
    """Finds the groups that are not shown.

    Parameters
    ----------
    board
        What the groupings are of.
    """

    def __init__(self, board: Leaderboard) -> None:
        snapshot = open_index(board.store)
        names = [name for name in snapshot.case_columns if name.startswith("group_")]
        self._cases = snapshot.cases(["case", *names])
        self._unit = snapshot.cells["row"].to_numpy()[self._cases["position"].to_numpy()]

    def of(self, row: Row, grouping: Grouping) -> dict[str, int]:
        """Number of test cases by the name of each group of a grouping that is not shown, the largest first."""
        cases = self._cases[self._unit == row.unit].drop_duplicates("case")
        column = f"group_{grouping.name}"
        if column in cases:
            return _of_column(cases[column], grouping)
        # of three groups by size at most one can be missing where two at least are shown
        shown = [group.title[0] for group in grouping.groups]
        rest = len(cases) - sum(group.cases for group in grouping.groups)
        return {f"{letter}: {name}": rest for letter, name in _SIZES.items() if letter not in shown and rest}


def not_shown(left_out: Mapping[str, int]) -> str:
    """A sentence for a caption; empty where nothing is left out."""
    if not left_out:
        return ""
    named = [f"{name} ({_cases(count)})" for name, count in list(left_out.items())[:_MOST_NAMES]]
    if further := list(left_out.values())[_MOST_NAMES:]:
        named.append(f"{len(further)} more ({_cases(sum(further))})")
    return f".\nLeft out, as a group takes {FEWEST_CASES} cases: {', '.join(named)}"


def _of_column(values: pd.Series, grouping: Grouping) -> dict[str, int]:
    shown = {group.title for group in grouping.groups}
    counts = {str(value): int(count) for value, count in values.value_counts().items() if count}
    found = {value: count for value, count in counts.items() if value not in shown}
    unknown = int(values.isna().sum())
    return found | ({f"unknown {grouping.name}": unknown} if unknown else {})


def _cases(count: int) -> str:
    return f"{count} case{'' if count == 1 else 's'}"
