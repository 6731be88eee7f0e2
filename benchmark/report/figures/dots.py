"""Dots with intervals: one line per method, one panel per question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .style import DARK, GRID, new_figure, plain, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Dot:
    """A value with its interval; filled where it is not told apart from the panel's best; a word beside it."""

    value: float
    low: float | None
    high: float | None
    filled: bool = True
    word: str = ""


@dataclass(frozen=True)
class DotPanel:
    """A panel's title and the dot of each method; a method without one has none."""

    title: str
    dots: dict[str, Dot]


def dot_figure(
    text: str, note: str, methods: Sequence[str], panels: Sequence[DotPanel], *, shared: bool, whole: bool = False
) -> Figure:
    """Panels side by side, methods in the given order from the top.

    Parameters
    ----------
    text, note
        Title, and the line beneath.
    shared
        Whether all panels have one scale.
    whole
        Whether values are whole numbers, such as ranks: no grid between them.
    """
    width = max(len(method) for method in methods) * 0.075 + 0.3
    height = 1.3 + 0.24 * len(methods)
    figure = new_figure(max(6.4, width + (2.15 if whole else 2.6) * len(panels)), height)
    every = figure.subplots(1, len(panels), sharey=True, sharex=shared, squeeze=False)[0]
    for axes, panel in zip(every, panels):
        axes.hlines(
            range(len(methods)), 0, 1, colors=GRID, linewidth=0.5, zorder=0, transform=axes.get_yaxis_transform()
        )
        _dots(axes, [(place, panel.dots[name]) for place, name in enumerate(reversed(methods)) if name in panel.dots])
        axes.set_title(panel.title, fontsize=10, loc="left")
        axes.set_yticks(range(len(methods)), list(reversed(methods)))
        axes.set_ylim(-0.6, len(methods) - 0.4)
        axes.tick_params(axis="y", length=0)
        plain(axes, "x")
        if whole:
            axes.set_xlim(0.5, len(methods) + 0.5)
            axes.set_xticks(range(1, len(methods) + 1) if len(methods) < 8 else [1, *range(5, len(methods) + 1, 5)])
    title(figure, text, note)
    return figure


def _dots(axes: Axes, dots: Sequence[tuple[int, Dot]]) -> None:
    spans = [(place, dot.low, dot.high) for place, dot in dots if dot.low is not None and dot.high is not None]
    if spans:
        places, lows, highs = zip(*spans)
        axes.hlines(places, lows, highs, colors="#0072B2", linewidth=2.2, zorder=2)
    for filled in (True, False):
        shown = [(dot.value, place) for place, dot in dots if dot.filled is filled]
        if shown:
            face = DARK if filled else "white"
            (line,) = axes.plot(*zip(*shown), "o", color=DARK, markersize=6, markerfacecolor=face, zorder=3)
            line.set_clip_on(False)
    for place, dot in dots:
        end = (max(dot.value, dot.high or dot.value), place)
        if dot.word:
            axes.annotate(dot.word, end, (7, 0), textcoords="offset points", va="center", fontsize=8, color=DARK)
