"""The leaderboard as GitHub-flavoured markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import Registries
from ..store import Store
from .leaderboard import Leaderboard, make_leaderboard
from .methods import left_out, methods
from .notes import notes
from .overview import overviews, question, verdicts, warnings
from .protocol import protocol
from .rows import Row
from .sections import heading, section
from .supervised import upper_bounds
from .text import escape

Figures = Mapping[tuple[Any, ...], str]

_OF_DATASET = {
    "ratio": "Dice against the ratio of corrupted labels",
    "labeled": "Dice against the share of labeled cases",
    "ranks": "Intervals of the ranks",
    "overlay": "Image, clean and corrupted label, and predictions",
}
_OF_SECTION = {"groups": "Dice by group of test cases"}


def render_markdown(store: Store, registries: Registries | None = None) -> str:
    """The leaderboard of a store; UserError when the folder holds no plan."""
    known = registries or Registries()
    return render(make_leaderboard(store, known), known)


def render(board: Leaderboard, registries: Registries, figures: Figures | None = None, closing: str = "") -> str:
    """The leaderboard as one markdown document.

    Parameters
    ----------
    registries
        Where the methods' summaries and citations come from.
    figures
        File names, by the keys that `figures.draw` gives them; `("overlay", dataset)` for one with images.
    closing
        A section before the notes.
    """
    shown = figures or {}
    parts = [f"# {escape(board.title)}", question(board), *warnings(board), verdicts(board.rows)]
    parts += ["## Overview", "Mean Dice in points (0 to 100).", *overviews(board.rows)]
    parts += ["## Protocol", _command(board), protocol(board)]
    parts += ["### Methods", methods(board.rows, registries), left_out(board.left_out)]
    for dataset, sections in _by_dataset(board.rows).items():
        parts += [f"## {escape(dataset)}", *_pictures(shown, _OF_DATASET, dataset)]
        for key, rows in sections.items():
            upper = upper_bounds(board.rows, rows[0])
            parts.append(section(rows, shown.get(("cases", key)), upper, shown.get(("generations", key))))
            parts += _pictures(shown, _OF_SECTION, key, heading(rows[0]))
    parts += [closing, "## How to read the tables", _notes(board)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _notes(board: Leaderboard) -> str:
    return notes({row.facts["supervision"] for row in board.rows}, any(row.facts["generations"] for row in board.rows))


def _command(board: Leaderboard) -> str:
    return f"To reproduce:\n\n```\n{board.command}\n```"


def _pictures(figures: Figures, wanted: Mapping[str, str], key: Any, about: str = "") -> list[str]:
    """The pictures of some kinds that belong to a dataset or a section."""
    found = [(wanted[kind], rest, name) for (kind, of, *rest), name in figures.items() if kind in wanted and of == key]
    return [f"![{text}, {', '.join(filter(None, [about or key, *rest]))}]({name})" for text, rest, name in found]


def _by_dataset(rows: list[Row]) -> dict[str, dict[tuple[Any, ...], list[Row]]]:
    found: dict[str, dict[tuple[Any, ...], list[Row]]] = {}
    for row in rows:
        found.setdefault(row.facts["dataset"], {}).setdefault(row.section, []).append(row)
    return found
