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
        [escape(row.facts["method"]), escape(found["stage"]), *(points(found[name]) for name in _NAMES)]
        for row in rows
        for found in row.facts["generations"]
    ]
    return table(["Generations", "Stage", "@R", "@E", "Similarity"], lines, left=2) if lines else ""


_NAMES = ("reference", "test", "similarity")


def with_generations(rows: Sequence[Row]) -> list[Row]:
    """The rows whose record tells of at least two stages' weights."""
    return [row for row in rows if sum(found["test"] is not None for found in row.facts["generations"]) > 1]


def generation_figure(rows: Sequence[Row], title: str) -> Figure:
    """Dice on test cases (full lines) and reference set (dashed) by stage, and the similarity to the first."""
    from .curves import figure_of, look, plain

    figure = figure_of(9.0, max(3.8, 0.24 * len(rows)))
    axes = figure.subplots(1, 2)
    for number, row in enumerate(rows):
        shown = [found for found in row.facts["generations"] if found["test"] is not None]
        labels = [found for found in row.facts["generations"] if found["test"] is None]
        for values, name, line in ((shown, "test", "-"), (labels or shown, "reference", "--")):
            known = [(i, 100 * found[name]) for i, found in enumerate(values) if found[name] is not None]
            own = look(number) | {"linestyle": line}
            axes[0].plot(*zip(*known), label=row.facts["method"] if name == "test" else None, **own) if known else None
        known = [(i, 100 * found["similarity"]) for i, found in enumerate(shown) if found["similarity"] is not None]
        axes[1].plot(*zip(*known), **look(number)) if known else None
    axes[0].set_ylabel("Dice: test cases, dashed: reference set")
    axes[1].set_ylabel("Dice with the first stage's predictions")
    for each in axes:
        each.set_xlabel("stage of training")
        plain(each)
    axes[0].set_title(title, loc="left")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", frameon=False, handlelength=3.2)
    return figure
