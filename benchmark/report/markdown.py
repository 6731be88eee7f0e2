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
from .sections import section
from .supervised import upper_bounds
from .text import escape

Figures = Mapping[tuple[Any, ...], str]


def render_markdown(store: Store, registries: Registries | None = None) -> str:
    """The leaderboard of a store; UserError when the folder holds no plan."""
    known = registries or Registries()
    return render(make_leaderboard(store, known), known)


def render(board: Leaderboard, registries: Registries, figures: Figures | None = None) -> str:
    """The leaderboard as one markdown document.

    Parameters
    ----------
    registries
        Where the methods' summaries and citations come from.
    figures
        File names: of box plots by `Row.section`, of curves by `("ratio", dataset)` and `("labeled", dataset)`, of
        generations by `("generations", *Row.section)`.
    """
    shown = figures or {}
    parts = [f"# {escape(board.title)}", question(board), *warnings(board), verdicts(board.rows)]
    parts += ["## Overview", "Mean Dice in points (0 to 100).", *overviews(board.rows)]
    parts += ["## Protocol", _command(board), protocol(board)]
    parts += ["### Methods", methods(board.rows, registries), left_out(board.left_out)]
    for dataset, sections in _by_dataset(board.rows).items():
        parts += [f"## {escape(dataset)}", _picture(dataset, shown)]
        for key, rows in sections.items():
            upper = upper_bounds(board.rows, rows[0])
            parts.append(section(rows, shown.get(key), upper, shown.get(("generations", *key))))
    parts += ["## How to read the tables", notes({row.facts["supervision"] for row in board.rows})]
    return "\n\n".join(part for part in parts if part) + "\n"


def _command(board: Leaderboard) -> str:
    return f"To reproduce:\n\n```\n{board.command}\n```"


def _picture(dataset: str, figures: Figures) -> str:
    words = {"ratio": "ratio of corrupted labels", "labeled": "share of labeled cases"}
    found = {what: figures.get((name, dataset)) for name, what in words.items()}
    return "\n\n".join(f"![Dice against the {what}, {dataset}]({name})" for what, name in found.items() if name)


def _by_dataset(rows: list[Row]) -> dict[str, dict[tuple[Any, ...], list[Row]]]:
    found: dict[str, dict[tuple[Any, ...], list[Row]]] = {}
    for row in rows:
        found.setdefault(row.facts["dataset"], {}).setdefault(row.section, []).append(row)
    return found
