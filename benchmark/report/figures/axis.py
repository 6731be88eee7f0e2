"""What Dice is drawn against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..rows import Row
from ..supervised import share
from ..text import ratio

_ROOM = 0.15
"""Of the axis: what two values need between them for their words."""


@dataclass(frozen=True)
class Axis:
    """A number of each row (None: the row has no place on this axis), its name, and the number in words."""

    name: str
    value: Callable[[Row], float | None]
    words: Callable[[float], str]

    def places(self, rows: Sequence[Row]) -> dict[str, float]:
        """Where the values lie, by their text: where they are, or side by side if crowded or with counts among them."""
        values = self.values(rows)
        side_by_side = _side_by_side(values)
        return {str(value): float(i) if side_by_side else value for i, value in enumerate(values)}

    def even(self, rows: Sequence[Row]) -> bool:
        """Whether values are drawn evenly spaced that are not."""
        values = self.values(rows)
        is_mixed = len({type(value) for value in values}) > 1
        gaps = {round(b - a, 9) for a, b in pairwise(values)}
        return _side_by_side(values) and (is_mixed or len(gaps) > 1)

    def label(self, rows: Sequence[Row]) -> str:
        """The name, with a word where the values are not drawn to scale."""
        return f"{self.name} (evenly spaced, not to scale)" if self.even(rows) else self.name

    def values(self, rows: Sequence[Row]) -> list[float]:
        """The distinct values, in the order of how many cases they are; one case (1) is not all of them (1.0)."""
        pairs = [(row.facts["labeled_cases"] or 0, value) for row in rows if (value := self.value(row)) is not None]
        found = {str(value): (cases, value) for cases, value in pairs}
        if len({type(value) for _, value in found.values()}) > 1:
            return [value for _, value in sorted(found.values(), key=lambda pair: pair[0])]
        return sorted(value for _, value in found.values())


def _side_by_side(values: Sequence[float]) -> bool:
    crowded = any(b - a < _ROOM * (values[-1] - values[0]) for a, b in pairwise(values))
    return crowded or any(isinstance(value, int) for value in values)


def _ratio(row: Row) -> float | None:
    return None if row.facts["ratio"] is None else float(row.facts["ratio"])


def _labeled(row: Row) -> float | None:
    labeled: float | None = row.facts["labeled"]
    return labeled


AXES = {
    "ratio": Axis("share of training cases with wrong labels", _ratio, lambda value: ratio(value).replace(" %", "")),
    "labeled": Axis("training cases with a label", _labeled, share),
}
"""By the name that pictures are looked up by."""


def place(row: Row) -> float:
    """The row's value on whatever axis it has."""
    return next((value for axis in AXES.values() if (value := axis.value(row)) is not None), 0.0)


def words(row: Row) -> str:
    """That value in words; empty where there is none."""
    if row.facts["ratio"] is not None:
        return ratio(row.facts["ratio"])
    return "" if row.facts["labeled"] is None else f"{share(row.facts['labeled'])} labeled"


def height(rows: Sequence[Row]) -> list[str]:
    """Methods by their Dice at the highest value that all have of whatever axis their rows have, best first."""
    found: dict[str, dict[float, float]] = {}
    for row in sorted(rows, key=place):
        found.setdefault(row.facts["method"], {})[place(row)] = row.dice or 0.0
    # an upper bound has a value of its own
    common = set.intersection(*map(set, found.values())) if found else set()
    at = {method: max(common or scores) for method, scores in found.items()}
    return sorted(found, key=lambda method: (at[method], found[method][at[method]]), reverse=True)
