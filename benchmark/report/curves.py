"""Lines of mean Dice with its interval against a share of the training labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .ranking import apart
from .rows import Row
from .supervised import share
from .text import ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
MARKERS = "os^DvP*Xp<>h"
LINES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class Axis:
    """What Dice is drawn against: a number of each row, its name, and the number in words."""

    name: str
    value: Callable[[Row], float | None]
    words: Callable[[float], str]


def _ratio(row: Row) -> float | None:
    return None if row.facts["ratio"] is None else float(row.facts["ratio"])


def _labeled(row: Row) -> float | None:
    labeled: float | None = row.facts["labeled"]
    return labeled


AXES = {
    "ratio": Axis("training cases with wrong labels", _ratio, ratio),
    "labeled": Axis("training cases with a label", _labeled, share),
}
"""By the name that pictures are looked up by."""


def ratio_figure(rows: Sequence[Row]) -> Figure:
    """Mean Dice against the ratio of wrong labels."""
    return curve_figure(rows, AXES["ratio"])


def curve_figure(rows: Sequence[Row], axis: Axis) -> Figure:
    """Mean Dice with its 95 % interval; one panel per noise model and setting.

    Fractions lie where they are; where counts are among them, all lie side by side.
    """
    rows = [row for row in rows if axis.value(row) is not None]
    panels, methods, places = _panels(rows), _by_height(rows, axis), _places(rows, axis)
    figure = figure_of(5.2 * len(panels) + 2.0, max(3.8, 0.24 * len(methods)))
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, shown) in zip(every, panels.items()):
        for number, method in enumerate(methods):
            own = [(places[str(axis.value(row))], row) for row in shown if row.facts["method"] == method]
            _line(axes, sorted(own, key=lambda pair: pair[0]), number, len(methods), _step(places))
        axes.set_title(", ".join(filter(None, [rows[0].facts["dataset"], title])), loc="left")
        axes.set_xlabel(axis.name)
        axes.set_xticks(list(places.values()), [axis.words(value) for value in _values(rows, axis)])
        plain(axes)
    every[0].set_ylabel("Dice, mean and 95 % interval")
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, handlelength=3.2)
    return figure


def _values(rows: Sequence[Row], axis: Axis) -> list[float]:
    """The distinct numbers, in the order of how many cases they are; one case (1) is not all of them (1.0)."""
    found = {str(axis.value(row)): (row.facts["labeled_cases"] or 0, axis.value(row)) for row in rows}
    if len({type(value) for _, value in found.values()}) > 1:
        return [value for _, value in sorted(found.values(), key=lambda pair: pair[0]) if value is not None]
    return sorted(value for _, value in found.values() if value is not None)


def _places(rows: Sequence[Row], axis: Axis) -> dict[str, float]:
    values = _values(rows, axis)
    side_by_side = any(isinstance(value, int) for value in values)
    return {str(value): float(i) if side_by_side else value for i, value in enumerate(values)}


def _line(axes: Axes, points: Sequence[tuple[float, Row]], number: int, of: int, step: float) -> None:
    """One method's line, shifted a little so that intervals do not cover each other."""
    if not points:
        return
    rows = [row for _, row in points]
    shift = step * 0.5 * ((number + 0.5) / of - 0.5)
    middle = np.array([100 * (row.dice or 0.0) for row in rows])
    bounds = [row.facts["metrics"]["dice"]["ci95"] or [row.dice, row.dice] for row in rows]
    reach = np.abs(100 * np.array(bounds, float).T - middle)
    places = [place + shift for place, _ in points]
    own = look(number) | {"elinewidth": 0.9, "capsize": 2}
    axes.errorbar(places, middle, yerr=reach, label=rows[0].facts["method"], **own)


def look(number: int) -> dict[str, Any]:
    """Colour, marker and line style of the n-th method."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": LINES[(number + number // len(COLOURS)) % len(LINES)],
        "markersize": 5,
        "linewidth": 1.4,
    }


def _panels(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by noise model and setting; the clean rows belong to every noise model."""
    names = apart(rows)
    noises = list(dict.fromkeys(row.facts["noise"] for row in rows if row.facts["ratio"])) or ["clean"]
    settings = dict.fromkeys(tuple(map(row.setting, names)) for row in rows)
    panels = {}
    for noise in noises:
        for setting in settings:
            shown = [row for row in rows if row.facts["noise"] in (noise, "clean") or row.facts["ratio"] is None]
            shown = [row for row in shown if tuple(map(row.setting, names)) == setting]
            if shown:
                named = [noise] if shown[0].facts["ratio"] is not None else []
                panels[", ".join([*named, *setting])] = shown
    return panels


def _by_height(rows: Sequence[Row], axis: Axis) -> list[str]:
    """Methods by their Dice at the highest share, best first."""
    height = {
        row.facts["method"]: (axis.value(row) or 0.0, row.dice or 0.0)
        for row in sorted(rows, key=lambda row: axis.value(row) or 0.0)
    }
    return sorted(height, key=lambda method: height[method], reverse=True)


def _step(places: dict[str, float]) -> float:
    ordered = sorted(places.values())
    return min((b - a for a, b in pairwise(ordered)), default=1.0)


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    # a Figure of its own, not pyplot's: nothing global is touched and no display is needed
    return Figure(figsize=(width, height), layout="constrained")


def plain(axes: Axes) -> None:
    """A light grid, and no frame on top and right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
