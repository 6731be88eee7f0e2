"""Generations of pseudo-labels, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..rows import Row
from ..sections import heading
from .style import COLOURS, LINES, MARKERS, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOTE = "Left: Dice of the test cases, dashed: of the reference set. Right: Dice with the first model's predictions"
_FINAL = ".\nApart, ringed: the model of all folds' labels, which is tested; on the line: the mean of the folds' models"


_APART = {"linestyle": "none", "markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.6}


def with_generations(rows: Sequence[Row]) -> list[Row]:
    """The rows whose record tells of at least two stages' weights."""
    return [row for row in rows if sum(found["test"] is not None for found in row.facts["generations"]) > 1]


def generation_figure(rows: Sequence[Row]) -> Figure:
    """Dice on test cases (full lines) and reference set (dashed) by generation, and the similarity to the first.

    Where a generation has several models, or labels of several, their mean; the weights that learned from the labels of
    all of them stand apart from these. Labels of super-classes are no part of the lines: they are scored as such.
    """
    figure = new_figure(9.0, max(4.2, 1.3 + 0.24 * len(rows)))
    left, right = figure.subplots(1, 2)
    for number, row in enumerate(rows):
        own, name = _look(number), str(row.facts["method"])
        left.plot(*by_generation(row, "test"), label=name, **(own | {"linestyle": "-"}))
        left.plot(*by_generation(row, "reference"), **(own | {"linestyle": "--"}))
        right.plot(*by_generation(row, "similarity"), **own)
        for axes, score in ((left, "test"), (right, "similarity")):
            axes.plot(*by_generation(row, score, final=True), **(own | _APART))
    left.set_ylabel("Dice: test cases, dashed: reference set")
    right.set_ylabel("Dice with the first model's predictions")
    last = max(found["generation"] for row in rows for found in row.facts["generations"])
    for axes in (left, right):
        axes.set_xlabel("generation")
        axes.set_xticks(range(last + 1))
        plain(axes)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", frameon=False, handlelength=3.2)
    apart = any(found.get("final") for row in rows for found in row.facts["generations"])
    title(figure, heading(rows[0]), _NOTE + (_FINAL if apart else ""))
    return figure


def by_generation(row: Row, name: str, final: bool = False) -> tuple[list[int], list[float]]:
    """Generations and mean scores, in points; of the models in turn, or of those that stand apart."""
    found: dict[int, list[float]] = {}
    for stage in row.facts["generations"]:
        if stage[name] is not None and bool(stage.get("final")) is final and not stage.get("coarse"):
            found.setdefault(stage["generation"], []).append(100 * stage[name])
    return sorted(found), [sum(found[each]) / len(found[each]) for each in sorted(found)]


def _look(number: int) -> dict[str, Any]:
    """Colour, marker and line style of the n-th method."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": LINES[(number + number // len(COLOURS)) % len(LINES)],
        "markersize": 5,
        "linewidth": 1.4,
    }
