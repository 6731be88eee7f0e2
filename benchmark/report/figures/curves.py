"""Dice against the share of wrong, or of given, labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..ranking import apart
from ..rows import Row
from .axis import AXES, Axis, height
from .style import COLOURS, DARK, LINES, MARKERS, PALE, intervals, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TOGETHER = 8
"""More methods get a panel each: nobody tells apart more lines in one."""

_COLUMNS = 5
_WIDTH = {True: 0.04, False: 0.02}
"""Of a step between two values: how far the lines of two methods are apart, by whether values are evenly spaced; to
scale, a point beside its value would be read as another value."""


def panels(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by noise model and setting; the clean rows belong to every noise model.

    Methods that know more than others are among them: `known_alike` divides these.
    """
    names = [name for name in apart(rows) if name != "knows"]
    noises = list(dict.fromkeys(row.facts["noise"] for row in rows if row.facts["ratio"])) or ["clean"]
    settings = dict.fromkeys(tuple(map(row.setting, names)) for row in rows)
    found = {}
    for noise in noises:
        for setting in settings:
            shown = [row for row in rows if row.facts["noise"] in (noise, "clean") or row.facts["ratio"] is None]
            shown = [row for row in shown if tuple(map(row.setting, names)) == setting]
            if shown:
                # of few labels and of transferred ones the noise column names the supervision
                named = [noise] if shown[0].facts["ratio"] is not None else []
                found[", ".join([*named, *setting])] = shown
    return found


def known_alike(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by what their methods know, those of blind ones under an empty name."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        knows = row.setting("knows")
        found.setdefault("" if knows == "blind" else knows, []).append(row)
    return found


def curve_figure(rows: Sequence[Row], name: str, axis: Axis = AXES["ratio"]) -> Figure:
    """One line per method with its 95 % interval; beyond `MOST_TOGETHER` methods one small panel each."""
    rows = [row for row in rows if axis.value(row) is not None]
    methods, scale = height(rows), _Scale(axis, rows)
    text = ", ".join(filter(None, [rows[0].facts["dataset"], name]))
    figure = _together(rows, methods, scale) if len(methods) <= MOST_TOGETHER else _apart(rows, methods, scale)
    note = f"Dice, {intervals(row.facts['metrics']['dice']['ci95'] is not None for row in rows)}"
    title(
        figure,
        text,
        note if len(methods) <= MOST_TOGETHER else f"{note}, against the {scale.label}. Grey: the other methods",
    )
    return figure


class _Scale:
    """Where rows lie along the axis."""

    def __init__(self, axis: Axis, rows: Sequence[Row]) -> None:
        self.axis, self.places = axis, axis.places(rows)
        self.label, self.even = axis.label(rows), axis.even(rows)
        self.words = [axis.words(value) for value in axis.values(rows)]

    def of(self, row: Row) -> float:
        return self.places[str(self.axis.value(row))]

    @property
    def step(self) -> float:
        return min((b - a for a, b in pairwise(sorted(self.places.values()))), default=1.0)


def _together(rows: Sequence[Row], methods: Sequence[str], scale: _Scale) -> Figure:
    figure = new_figure(8.4, 4.8)
    axes = figure.subplots()
    width = scale.step * _WIDTH[scale.even] * len(methods)
    for number, method in enumerate(methods):
        shift = width * ((number + 0.5) / len(methods) - 0.5)
        _line(axes, _of(rows, method, scale), scale, number, shift)
    _ticks(axes, scale)
    axes.set_xlabel(scale.label)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", frameon=False, handlelength=3.4)
    return figure


def _apart(rows: Sequence[Row], methods: Sequence[str], scale: _Scale) -> Figure:
    """Small panels in the order of the methods; each has the others' lines as a pale background."""
    from matplotlib.collections import LineCollection

    columns = min(_COLUMNS, ceil(len(methods) / 2))
    lines = ceil(len(methods) / columns)
    figure = new_figure(2.0 * columns, 1.75 * lines + 0.6)
    every = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    background = [[(scale.of(r), 100 * (r.dice or 0.0)) for r in _of(rows, method, scale)] for method in methods]
    for number, (axes, method) in enumerate(zip(every, methods)):
        axes.add_collection(LineCollection(background, colors=PALE, linewidths=0.7, zorder=1))
        own = _of(rows, method, scale)
        _line(axes, own, scale, 0, 0.0)
        axes.set_title(_name(own[0]), fontsize=10, loc="left")
        _ticks(axes, scale)
        axes.tick_params(labelsize=8, labelbottom=number + columns >= len(methods))
    for axes in every[len(methods) :]:
        axes.remove()
    return figure


def _name(row: Row) -> str:
    knows = row.setting("knows")
    return str(row.facts["method"]) if knows == "blind" else f"{row.facts['method']} ({knows})"


def _line(axes: Axes, rows: Sequence[Row], scale: _Scale, number: int, shift: float) -> None:
    """One method's line, shifted a little so that intervals do not cover each other."""
    middle = _dice(rows)
    bounds = [row.facts["metrics"]["dice"]["ci95"] or [row.dice, row.dice] for row in rows]
    axes.errorbar(
        [scale.of(row) + shift for row in rows],
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


def _ticks(axes: Axes, scale: _Scale) -> None:
    axes.set_xticks(list(scale.places.values()), scale.words)
    axes.tick_params(color=DARK)
    plain(axes)


def _of(rows: Sequence[Row], method: str, scale: _Scale) -> list[Row]:
    return sorted((row for row in rows if row.facts["method"] == method), key=scale.of)


def _dice(rows: Sequence[Row]) -> np.ndarray:
    return np.array([100 * (row.dice or 0.0) for row in rows])
