"""Generations of pseudo-labels, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..rows import Row
from ..sections import heading
from .style import COLOURS, LINES, MARKERS, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOTE = "Left: Dice of the test cases, dashed: of the reference set. Right: Dice with the first stage's predictions."


def with_generations(rows: Sequence[Row]) -> list[Row]:
    """The rows whose record tells of at least two stages' weights."""
    return [row for row in rows if sum(found["test"] is not None for found in row.facts["generations"]) > 1]


def generation_figure(rows: Sequence[Row]) -> Figure:
    """Dice on test cases (full lines) and reference set (dashed) by stage, and the similarity to the first."""
    figure = new_figure(9.0, max(4.2, 1.3 + 0.24 * len(rows)))
    axes = figure.subplots(1, 2)
    for number, row in enumerate(rows):
        shown = [found for found in row.facts["generations"] if found["test"] is not None]
        labels = [found for found in row.facts["generations"] if found["test"] is None]
        for values, name, line in ((shown, "test", "-"), (labels or shown, "reference", "--")):
            known = [(i, 100 * found[name]) for i, found in enumerate(values) if found[name] is not None]
            own = _look(number) | {"linestyle": line}
            axes[0].plot(*zip(*known), label=row.facts["method"] if name == "test" else None, **own) if known else None
        known = [(i, 100 * found["similarity"]) for i, found in enumerate(shown) if found["similarity"] is not None]
        axes[1].plot(*zip(*known), **_look(number)) if known else None
    axes[0].set_ylabel("Dice: test cases, dashed: reference set")
    axes[1].set_ylabel("Dice with the first stage's predictions")
    for each in axes:
        each.set_xlabel("stage of training")
        plain(each)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", frameon=False, handlelength=3.2)
    title(figure, heading(rows[0]), _NOTE)
    return figure


def _look(number: int) -> dict[str, Any]:
    """Colour, marker and line style of the n-th method."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": LINES[(number + number // len(COLOURS)) % len(LINES)],
        "markersize": 5,
        "linewidth": 1.4,
    }
