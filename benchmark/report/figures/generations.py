"""Generations of pseudo-labels, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..rows import Row
from ..sections import heading
from .style import COLOURS, MARKERS, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NOTE = (
    "Left: Dice of the test cases (@E), dashed: of the unlabeled training cases (@R). "
    "Right: Dice with the first model's predictions"
)
_FINAL = (
    ".\nApart, hollow: the model of all folds' labels, which is tested (dashed: its @R); "
    "on the line: the mean of the folds' models"
)
_PANELS = ((("test", "-"), ("reference", "--")), (("similarity", "-"),))
"""By panel the scores, and how their lines are drawn; methods are told apart by colour and marker."""


def with_generations(rows: Sequence[Row]) -> list[Row]:
    """The rows whose record tells of at least two stages' weights."""
    return [row for row in rows if sum(found["test"] is not None for found in row.facts["generations"]) > 1]


def generation_figure(rows: Sequence[Row]) -> Figure:
    """Dice of test cases (full lines) and unlabeled training ones (dashed) by generation, and similarity to the first.

    Where a generation has several models, or labels of several, their mean; the weights that learned from the labels of
    all of them stand apart from these. Labels of super-classes are no part of the lines: they are scored as such.
    """
    figure = new_figure(9.0, max(4.2, 1.3 + 0.24 * len(rows)))
    left, right = figure.subplots(1, 2)
    for axes, scores in zip((left, right), _PANELS):
        for number, row in enumerate(rows):
            for score, line in scores:
                _draw(axes, row, number, score, line)
    left.set_ylabel("Dice of the test cases (@E),\ndashed: unlabeled training cases (@R)")
    right.set_ylabel("Dice with the first model's predictions")
    last = max(found["generation"] for row in rows for found in row.facts["generations"])
    for axes in (left, right):
        axes.set_xlabel("generation")
        _scale(axes, last)
        plain(axes)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center", frameon=False, handlelength=3.2)
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


def _draw(axes: Axes, row: Row, number: int, score: str, line: str) -> None:
    """The n-th method's line of one score, and hollow the mark of the model that stands apart."""
    look: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "clip_on": False}
    colour = COLOURS[number % len(COLOURS)]
    name = str(row.facts["method"]) if score == "test" else None
    places = by_generation(row, score)
    axes.plot(*places, label=name, color=colour, linestyle=line, markersize=5, linewidth=1.4, zorder=3, **look)
    own = by_generation(row, score, final=True)
    axes.scatter(*own, s=120, facecolors="none", edgecolors=colour, linestyles=line, linewidths=1.6, zorder=4, **look)


def _scale(axes: Axes, last: int) -> None:
    """Room for the marks of the first and the last generation, and no Dice that there cannot be."""
    margin = 0.06 * max(last, 1)
    axes.set_xlim(-margin, last + margin)
    axes.set_xticks(range(last + 1))
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 100.0))
