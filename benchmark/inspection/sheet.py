"""A contact sheet: small pictures side by side, with contours of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2")
"""Okabe and Ito's, in the order of the classes."""

LINES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
_COLUMNS = 4
_INCHES = 2.6
_DPI = 130
_INCHES_A_LETTER, _INCHES_A_LINE = 0.065, 0.6


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes
    ----------
    pixels
        `[rows, columns]`, or `[rows, columns, 3]` of 0 to 1.
    labels
        Integer labels `[rows, columns]` by what the legend calls them; each gets a line style of its own.
    aspect
        Height of a pixel over its width.
    """

    title: str
    pixels: np.ndarray
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)
    aspect: float = 1.0


def draw_sheet(
    panels: Sequence[Panel], classes: Sequence[str], path: Path, *, columns: int = _COLUMNS, scale: float = 1.0
) -> Path:
    """Write a PNG; a class has a colour (a single one: each kind of label), a kind a line style. Returns the path.

    Parameters
    ----------
    columns
        Panels side by side, at most.
    scale
        Of texts and lines.

    Raises
    ------
    UserError
        The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(_INCHES * columns, (_INCHES + 0.3) * rows + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    kinds = list(dict.fromkeys(name for panel in panels for name in panel.labels))
    single = len(classes) == 1
    for panel, axes in zip(panels, figure.subplots(rows, columns, squeeze=False).flat):
        _draw(panel, axes, kinds, single, scale)
    for axes in figure.axes:
        axes.set_axis_off()
    _legend(figure, kinds, classes, _INCHES * columns, scale)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}; choose another folder") from error
    return path


def _legend(figure: Figure, kinds: list[str], classes: Sequence[str], inches: float, scale: float) -> None:
    """Below the pictures, in as many columns as fit."""
    from matplotlib.lines import Line2D

    handles = []
    for kind, name in enumerate(kinds):
        for i, text in enumerate(classes):
            label = f"{text}, {name}" if len(kinds) > 1 else text
            colour = _colour(kind if len(classes) == 1 else i)
            handles.append(Line2D([], [], color=colour, linestyle=_line(kind), label=label))
    if handles:
        letters = max(len(str(handle.get_label())) for handle in handles)
        fit = int(inches / (letters * _INCHES_A_LETTER * scale + _INCHES_A_LINE))
        columns = min(max(fit, 1), len(handles))
        size = 8 * scale
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=size)


def _draw(panel: Panel, axes: Axes, kinds: list[str], single: bool, scale: float) -> None:
    low, high = np.percentile(panel.pixels, (0.5, 99.5))
    axes.imshow(panel.pixels, cmap="gray", vmin=low, vmax=high, aspect=panel.aspect, interpolation="nearest")
    axes.set_title(panel.title, fontsize=7 * scale)
    for name, label in panel.labels.items():
        kind = kinds.index(name)
        for value in np.unique(label[label > 0]).tolist():
            # a rim, so that what touches the border is closed
            mask = np.pad(label == value, 1)
            extent = np.arange(-1, mask.shape[1] - 1), np.arange(-1, mask.shape[0] - 1)
            colour = _colour(kind if single else int(value) - 1)
            axes.contour(*extent, mask, levels=[0.5], colors=[colour], linestyles=[_line(kind)], linewidths=0.9 * scale)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _line(index: int) -> Literal["-", "--", ":", "-."]:
    return LINES[index % len(LINES)]
