"""Dice against the ratio of wrong labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..ranking import apart
from ..rows import Row
from ..text import ratio
from .style import COLOURS, DARK, LINES, MARKERS, PALE, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TOGETHER = 8
"""More methods get a panel each: nobody tells apart more lines in one."""

_COLUMNS = 5
_NOTE = "Dice, mean and 95 % interval, against the share of training cases with wrong labels"


def panels(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by noise model and setting; the clean rows belong to every noise model.

    Methods that know more than others are among them: `known_alike` divides these.
    """
    names = [name for name in apart(rows) if name != "knows"]
    noises = list(dict.fromkeys(row.facts["noise"] for row in rows if row.facts["ratio"] > 0)) or ["clean"]
    settings = dict.fromkeys(tuple(map(row.setting, names)) for row in rows)
    found = {}
    for noise in noises:
        for setting in settings:
            shown = [row for row in rows if row.facts["noise"] in (noise, "clean")]
            shown = [row for row in shown if tuple(map(row.setting, names)) == setting]
            if shown:
                found[", ".join([noise, *setting])] = shown
    return found


def known_alike(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by what their methods know, those of blind ones under an empty name."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        knows = str(row.facts["knows"])
        found.setdefault("" if knows == "blind" else knows, []).append(row)
    return found


def ratio_figure(rows: Sequence[Row], name: str) -> Figure:
    """One line per method with its 95 % interval; beyond `MOST_TOGETHER` methods one small panel each."""
    methods = by_height(rows)
    text = f"{rows[0].facts['dataset']}, {name}"
    figure = _together(rows, methods) if len(methods) <= MOST_TOGETHER else _apart(rows, methods)
    title(figure, text, _NOTE)
    return figure


def by_height(rows: Sequence[Row]) -> list[str]:
    """Methods by their Dice at the highest ratio, best first."""
    height = {row.facts["method"]: (row.facts["ratio"], row.dice or 0.0) for row in sorted(rows, key=_ratio)}
    return sorted(height, key=lambda method: height[method], reverse=True)


def _together(rows: Sequence[Row], methods: Sequence[str]) -> Figure:
    figure = new_figure(8.4, 4.8)
    axes = figure.subplots()
    width = min(b - a for a, b in pairwise(_ratios(rows))) * min(0.5, 0.04 * len(methods))
    for number, method in enumerate(methods):
        shift = width * ((number + 0.5) / len(methods) - 0.5)
        _line(axes, _of(rows, method), number, shift)
    _ticks(axes, rows)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", frameon=False, handlelength=3.4)
    return figure


def _apart(rows: Sequence[Row], methods: Sequence[str]) -> Figure:
    """Small panels in the order of the methods; each has the others' lines as a pale background."""
    from matplotlib.collections import LineCollection

    columns = min(_COLUMNS, ceil(len(methods) / 2))
    lines = ceil(len(methods) / columns)
    figure = new_figure(2.0 * columns, 1.75 * lines + 0.6)
    every = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    background = [[(_ratio(row), 100 * (row.dice or 0.0)) for row in _of(rows, method)] for method in methods]
    for number, (axes, method) in enumerate(zip(every, methods)):
        axes.add_collection(LineCollection(background, colors=PALE, linewidths=0.7, zorder=1))
        _line(axes, _of(rows, method), 0, 0.0)
        axes.set_title(_name(_of(rows, method)[0]), fontsize=10, loc="left")
        _ticks(axes, rows)
        axes.tick_params(labelsize=8, labelbottom=number + columns >= len(methods))
    for axes in every[len(methods) :]:
        axes.remove()
    return figure


def _name(row: Row) -> str:
    knows = row.facts["knows"]
    return str(row.facts["method"]) if knows == "blind" else f"{row.facts['method']} ({knows})"


def _line(axes: Axes, rows: Sequence[Row], number: int, shift: float) -> None:
    """One method's line, shifted a little so that intervals do not cover each other."""
    middle = _dice(rows)
    bounds = [row.facts["metrics"]["dice"]["ci95"] or [row.dice, row.dice] for row in rows]
    axes.errorbar(
        [_ratio(row) + shift for row in rows],
        middle,
        yerr=np.abs(100 * np.array(bounds, float).T - middle),
        label=_name(rows[0]),
        color=COLOURS[number % len(COLOURS)],
        marker=MARKERS[number % len(MARKERS)],
        linestyle=LINES[(number + number // len(COLOURS)) % len(LINES)],
        markersize=5,
        linewidth=1.6,
        elinewidth=1.0,
        capsize=2.5,
    )


def _ticks(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_xticks(_ratios(rows), [ratio(value).replace(" %", "") for value in _ratios(rows)])
    axes.tick_params(color=DARK)
    plain(axes)


def _of(rows: Sequence[Row], method: str) -> list[Row]:
    return sorted((row for row in rows if row.facts["method"] == method), key=_ratio)


def _dice(rows: Sequence[Row]) -> np.ndarray:
    return np.array([100 * (row.dice or 0.0) for row in rows])


def _ratios(rows: Sequence[Row]) -> list[float]:
    return sorted({_ratio(row) for row in rows})


def _ratio(row: Row) -> float:
    return float(row.facts["ratio"])
