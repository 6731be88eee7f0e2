"""Pictures of a leaderboard: Dice against the share of wrong, or of given, labels; of each test case and generation.

Colours are Okabe and Ito's, told apart by colour-blind readers; markers and line styles tell the methods
apart in grey too. No picture shows image content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .curves import AXES, curve_figure, figure_of, plain
from .generations import generation_figure, with_generations
from .leaderboard import Leaderboard
from .ranking import apart
from .rows import Row
from .sections import heading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
        for name, axis in AXES.items():
            if len({axis.value(row) for row in rows} - {None}) > 1:
                yield (name, dataset), f"dice-vs-{name}-{_slug(dataset)}", curve_figure(rows, axis)
    sections: dict[tuple[Any, ...], list[Row]] = {}
    for row in board.rows:
        if row.dice is not None:
            sections.setdefault(row.section, []).append(row)
    for key, rows in list(sections.items())[:MOST_BOX_PLOTS]:
        name = _slug(heading(rows[0]))
        yield key, f"cases-{name}", case_figure(rows, board.case_dice)
        if shown := with_generations(rows):
            yield ("generations", *key), f"generations-{name}", generation_figure(shown, heading(rows[0]))


def case_figure(rows: Sequence[Row], case_dice: dict[int, np.ndarray]) -> Figure:
    """Box plots of the test cases' Dice, best mean on top; the diamond is the mean."""
    labels = [_label(row, rows) for row in rows]
    figure = figure_of(7.0, 1.2 + 0.34 * len(rows))
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
    plain(axes)
    return figure


def _label(row: Row, rows: Sequence[Row]) -> str:
    """The method, with what sets its table apart."""
    different = [row.setting(name) for name in apart(rows)]
    return f"{row.facts['method']} ({', '.join(different)})" if different else str(row.facts["method"])


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _unused(name: str, taken: Iterable[str]) -> str:
    number, found, used = 1, f"{name}.png", set(taken)
    while found in used:
        number += 1
        found = f"{name}-{number}.png"
    return found
