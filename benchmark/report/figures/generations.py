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


def with_generations(rows: Sequence[Row]) -> list[Row]:
    """The rows whose record tells of at least two stages' weights."""
    return [row for row in rows if sum(found["test"] is not None for found in row.facts["generations"]) > 1]


def generation_figure(rows: Sequence[Row]) -> Figure:
    """Dice on test cases (full lines) and reference set (dashed) by generation, and the similarity to the first.

    Where a generation has several models, or labels of several, their mean.
    """
    figure = new_figure(9.0, max(4.2, 1.3 + 0.24 * len(rows)))
    left, right = figure.subplots(1, 2)
    for number, row in enumerate(rows):
        own, name = _look(number), str(row.facts["method"])
        left.plot(*_by_generation(row, "test"), label=name, **(own | {"linestyle": "-"}))
        left.plot(*_by_generation(row, "reference"), **(own | {"linestyle": "--"}))
        right.plot(*_by_generation(row, "similarity"), **own)
    left.set_ylabel("Dice: test cases, dashed: reference set")
    right.set_ylabel("Dice with the first model's predictions")
    last = max(found["generation"] for row in rows for found in row.facts["generations"])
    for axes in (left, right):
        axes.set_xlabel("generation")
        axes.set_xticks(range(last + 1))
        plain(axes)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", frameon=False, handlelength=3.2)
    title(figure, heading(rows[0]), _NOTE)
    return figure


def _by_generation(row: Row, name: str) -> tuple[list[int], list[float]]:
    """Generations and mean scores, in points."""
    found: dict[int, list[float]] = {}
    for stage in row.facts["generations"]:
        if stage[name] is not None:
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
