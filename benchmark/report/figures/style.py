"""What all pictures share.

Colours are Okabe and Ito's, told apart by colour-blind readers; in grey, markers, line styles and fillings tell
apart what colours do. The same leaderboard gives the same bytes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...stats.enough import FEWEST_PATIENTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
MARKERS = "os^DvP*Xp<>h"
LINES = ("-", "--", "-.", ":")
DARK, PALE, GRID = "#333333", "#B8B8B8", "#DDDDDD"
DPI = 150

_BOLD, _SMALL = 0.108, 0.066
"""Inches that a letter of a title, and of a note, takes."""

_LINE = 0.2
"""Inches of a line of text."""


def new_figure(width: float, height: float) -> Figure:
    """A figure of so many inches, which touches nothing global and needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(axes: Axes, grid: str = "both") -> None:
    """Two spines and a pale grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def title(figure: Figure, text: str, note: str) -> None:
    """A title at the left of the whole figure, and at its foot how to read it; more lines make the figure higher."""
    room = 0.98 * figure.get_figwidth()
    above, below = wrapped(text, int(room / _BOLD)), wrapped(note, int(room / _SMALL))
    figure.set_figheight(figure.get_figheight() + _LINE * (above.count("\n") + below.count("\n")))
    figure.suptitle(above, x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(below, x=0.01, ha="left", fontsize=9, color=DARK)


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most so many characters, broken at spaces, and words that are longer after a comma."""
    whole = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    lines = [line for given in text.split("\n") for line in whole.wrap(given)]
    return "\n".join(part for line in lines for part in _at_commas(line, width))


def _at_commas(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    parts = textwrap.wrap(line.replace(",", ", "), width, break_on_hyphens=False)
    return [part.replace(", ", ",") for part in parts]


def intervals(drawn: Iterable[bool]) -> str:
    """What is drawn of means, by whether each has its interval."""
    found = set(drawn)
    if False not in found:
        return "mean and 95 % interval"
    needed = f"{FEWEST_PATIENTS} patients or more"
    return f"mean and, of {needed}, 95 % interval" if True in found else f"mean; a 95 % interval takes {needed}"


def save(figure: Figure, path: Path) -> None:
    """Write a PNG without what differs from time to time or between versions of the library."""
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def slug(text: str) -> str:
    """Text as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def unused(name: str, taken: Iterable[str]) -> str:
    """A file name that is not taken yet."""
    number, found, used = 1, f"{name}.png", set(taken)
    while found in used:
        number += 1
        found = f"{name}-{number}.png"
    return found
