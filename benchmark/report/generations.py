"""Generations of pseudo-labels: how good they are on the unlabeled training cases and on the test cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .rows import Row
from .text import escape, points, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def generation_table(rows: Sequence[Row]) -> str:
    """Per method and stage Dice on the reference set, on the test cases, and the similarity to the first weights."""
    lines = [
        [
            escape(row.facts["method"]),
            escape(found["stage"]),
            str(found["generation"]),
            *(points(found[name]) for name in _NAMES),
        ]
        for row in rows
        for found in row.facts["generations"]
    ]
    return table(["Generations", "Stage", "Number", "@R", "@E", "Similarity"], lines, left=2) if lines else ""


_NAMES = ("reference", "test", "similarity")


def with_generations(rows: Sequence[Row]) -> list[Row]:
    """The rows whose record tells of at least two stages' weights."""
    return [row for row in rows if sum(found["test"] is not None for found in row.facts["generations"]) > 1]


def generation_figure(rows: Sequence[Row], title: str) -> Figure:
    """Dice on test cases (full lines) and reference set (dashed) by generation, and the similarity to the first.

    Where a generation has several models, or labels of several, their mean.
    """
    from .curves import figure_of, look, plain

    figure = figure_of(9.0, max(3.8, 0.24 * len(rows)))
    left, right = figure.subplots(1, 2)
    for number, row in enumerate(rows):
        own, name = look(number), str(row.facts["method"])
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
    left.set_title(title, loc="left")
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper", frameon=False, handlelength=3.2)
    return figure


def _by_generation(row: Row, name: str) -> tuple[list[int], list[float]]:
    """Generations and mean scores, in points."""
    found: dict[int, list[float]] = {}
    for stage in row.facts["generations"]:
        if stage[name] is not None:
            found.setdefault(stage["generation"], []).append(100 * stage[name])
    return sorted(found), [sum(found[each]) / len(found[each]) for each in sorted(found)]
