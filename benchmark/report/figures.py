"""Pictures of a leaderboard: Dice against the ratio of wrong labels, and Dice of each test case.

Colours are Okabe and Ito's, told apart by colour-blind readers; markers and line styles tell the methods
apart in grey too. No picture shows image content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .leaderboard import Leaderboard
from .ranking import apart
from .rows import Row
from .sections import heading
from .text import ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
MARKERS = "os^DvP*Xp<>h"
LINES = ("-", "--", "-.", ":")
MOST_BOX_PLOTS = 40
"""Of further sections no box plot is drawn: nobody would look at them."""

_DPI = 150


def draw(board: Leaderboard, folder: Path) -> dict[tuple[Any, ...], str]:
    """Draw all pictures into a folder; returns their file names by what `markdown.render` looks them up by."""
    names: dict[tuple[Any, ...], str] = {}
    for key, name, figure in _figures(board):
        names[key] = _unused(name, names.values())
        figure.savefig(folder / names[key], dpi=_DPI, metadata={"Software": None})
    return names


def _figures(board: Leaderboard) -> Iterator[tuple[tuple[Any, ...], str, Figure]]:
    for dataset in board.datasets:
        rows = [row for row in board.rows if row.facts["dataset"] == dataset and row.dice is not None]
        if len({row.facts["ratio"] for row in rows}) > 1:
            yield ("ratio", dataset), f"dice-vs-ratio-{_slug(dataset)}", ratio_figure(rows)
    sections: dict[tuple[Any, ...], list[Row]] = {}
    for row in board.rows:
        if row.dice is not None:
            sections.setdefault(row.section, []).append(row)
    for key, rows in list(sections.items())[:MOST_BOX_PLOTS]:
        yield key, f"cases-{_slug(heading(rows[0]))}", case_figure(rows, board.case_dice)


def ratio_figure(rows: Sequence[Row]) -> Figure:
    """Mean Dice with its 95 % interval against the ratio; one panel per noise model and setting."""
    panels = _panels(rows)
    methods = _by_height(rows)
    figure = _figure(5.2 * len(panels) + 2.0, max(3.8, 0.24 * len(methods)))
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    ratios = sorted({row.facts["ratio"] for row in rows})
    for axes, (title, shown) in zip(every, panels.items()):
        for number, method in enumerate(methods):
            _line(axes, [row for row in shown if row.facts["method"] == method], number, len(methods), _step(ratios))
        axes.set_title(f"{rows[0].facts['dataset']}, {title}", loc="left")
        axes.set_xlabel("training cases with wrong labels")
        axes.set_xticks(ratios, [ratio(value) for value in ratios])
        _plain(axes)
    every[0].set_ylabel("Dice, mean and 95 % interval")
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, handlelength=3.2)
    return figure


def case_figure(rows: Sequence[Row], case_dice: dict[int, np.ndarray]) -> Figure:
    """Box plots of the test cases' Dice, best mean on top; the diamond is the mean."""
    labels = [_label(row, rows) for row in rows]
    figure = _figure(7.0, 1.2 + 0.34 * len(rows))
    axes = figure.subplots()
    places = np.arange(len(rows), 0, -1)
    scores = [100 * case_dice[row.unit][np.isfinite(case_dice[row.unit])] for row in rows]
    look = {"color": "#444444", "linewidth": 1}
    mean = {"marker": "D", "markerfacecolor": "#D55E00", "markeredgecolor": "white", "markersize": 6}
    axes.boxplot(
        scores,
        positions=places,
        orientation="horizontal",
        widths=0.6,
        showmeans=True,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": "#CFE3F1", **look},
        medianprops={"color": "#0072B2", "linewidth": 2},
        whiskerprops=look,
        capprops=look,
        meanprops=mean,
    )
    for place, values in zip(places, scores):
        shift = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(len(values))
        axes.plot(values, place + shift, ".", color="#444444", alpha=0.5, markersize=4, zorder=3)
    axes.set_yticks(places, labels)
    axes.set_xlabel("Dice of each test case, averaged over the seeds")
    axes.set_title(heading(rows[0]), loc="left")
    _plain(axes)
    return figure


def _line(axes: Axes, rows: Sequence[Row], number: int, of: int, step: float) -> None:
    """One method's line, shifted a little so that intervals do not cover each other."""
    rows = sorted(rows, key=lambda row: row.facts["ratio"])
    if not rows:
        return
    shift = step * 0.5 * ((number + 0.5) / of - 0.5)
    middle = np.array([100 * (row.dice or 0.0) for row in rows])
    bounds = [row.facts["metrics"]["dice"]["ci95"] or [row.dice, row.dice] for row in rows]
    reach = np.abs(100 * np.array(bounds, float).T - middle)
    axes.errorbar(
        [row.facts["ratio"] + shift for row in rows],
        middle,
        yerr=reach,
        label=rows[0].facts["method"],
        color=COLOURS[number % len(COLOURS)],
        marker=MARKERS[number % len(MARKERS)],
        linestyle=LINES[(number + number // len(COLOURS)) % len(LINES)],
        markersize=5,
        linewidth=1.4,
        elinewidth=0.9,
        capsize=2,
    )


def _panels(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by noise model and setting; the clean rows belong to every noise model."""
    names = apart(rows)
    noises = list(dict.fromkeys(row.facts["noise"] for row in rows if row.facts["ratio"] > 0)) or ["clean"]
    settings = dict.fromkeys(tuple(map(row.setting, names)) for row in rows)
    panels = {}
    for noise in noises:
        for setting in settings:
            shown = [row for row in rows if row.facts["noise"] in (noise, "clean")]
            shown = [row for row in shown if tuple(map(row.setting, names)) == setting]
            if shown:
                panels[", ".join([noise, *setting])] = shown
    return panels


def _by_height(rows: Sequence[Row]) -> list[str]:
    """Methods by their Dice at the highest ratio, best first."""
    height = {row.facts["method"]: (row.facts["ratio"], row.dice or 0.0) for row in sorted(rows, key=_ratio)}
    return sorted(height, key=lambda method: height[method], reverse=True)


def _ratio(row: Row) -> float:
    return float(row.facts["ratio"])


def _step(ratios: Sequence[float]) -> float:
    return min(b - a for a, b in pairwise(ratios))


def _label(row: Row, rows: Sequence[Row]) -> str:
    """The method, with what sets its table apart."""
    different = [row.setting(name) for name in apart(rows)]
    return f"{row.facts['method']} ({', '.join(different)})" if different else str(row.facts["method"])


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    # a Figure of its own, not pyplot's: nothing global is touched and no display is needed
    return Figure(figsize=(width, height), layout="constrained")


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _unused(name: str, taken: Iterable[str]) -> str:
    number, found, used = 1, f"{name}.png", set(taken)
    while found in used:
        number += 1
        found = f"{name}-{number}.png"
    return found
