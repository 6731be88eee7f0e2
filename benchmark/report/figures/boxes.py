"""Dice of each test case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..ranking import apart
from ..rows import Row
from ..sections import heading
from .style import DARK, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOTE = "Dice of each test case, averaged over the seeds: quartiles, median (line), mean (diamond), cases (dots)"


def case_figure(rows: Sequence[Row], case_dice: dict[int, np.ndarray]) -> Figure:
    """Box plots of the test cases' Dice, best mean on top.

    Parameters
    ----------
    case_dice
        As `Leaderboard.case_dice`.
    """
    figure = new_figure(8.4, 1.3 + 0.32 * len(rows))
    axes = figure.subplots()
    places = np.arange(len(rows), 0, -1)
    scores = [100 * case_dice[row.unit][np.isfinite(case_dice[row.unit])] for row in rows]
    look = {"color": DARK, "linewidth": 1}
    mean = {"marker": "D", "markerfacecolor": "#D55E00", "markeredgecolor": "white", "markersize": 6}
    axes.boxplot(
        scores,
        positions=places,
        orientation="horizontal",
        widths=0.62,
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
        axes.plot(values, place + shift, ".", color=DARK, alpha=0.5, markersize=3.5, zorder=3)
    axes.set_yticks(places, labels(rows))
    axes.set_ylim(0.4, len(rows) + 0.6)
    plain(axes, "x")
    title(figure, heading(rows[0]), _NOTE)
    return figure


def labels(rows: Sequence[Row]) -> list[str]:
    """The methods, with what sets their tables apart."""
    names = apart(rows)
    found = []
    for row in rows:
        different = ", ".join(setting for name in names if (setting := row.setting(name)) != "blind")
        found.append(f"{row.facts['method']} ({different})" if different else str(row.facts["method"]))
    return found
