"""The leaderboard on disk: `OUT/leaderboard/` with markdown, CSV, JSON and pictures."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..digest import canonical_json
from ..registry import Registries
from ..store import Store
from ..store.files import write_atomically, write_json
from .leaderboard import Leaderboard, leaderboard_rows, make_leaderboard
from .markdown import Figures, render

_NESTED = {
    "metrics",
    "classes",
    "pooled",
    "trust",
    "generations",
    "failed",
    "same_as",
    "network_params",
    "budget_fields",
}
_PARTS = ("mean", "std_cases", "std_seeds", "ci95_low", "ci95_high", "undefined")


def render_csv(store: Store, registries: Registries | None = None) -> str:
    """The rows as CSV, one line each; scores are fractions, what is null is empty."""
    return csv_text(leaderboard_rows(store, registries))


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of `leaderboard_rows` as CSV."""
    stream = io.StringIO()
    lines = [_flat(row) for row in rows]
    writer = csv.DictWriter(stream, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in row.items() if name not in _NESTED}
    flat["params"] = canonical_json(row["params"])
    for name, keys in (("realised_dice", ("mean", "std")), ("memorisation", ("wrong", "right"))):
        values = flat.pop(name) or {}
        flat |= {f"{name}_{key}": values.get(key) for key in keys}
    for name, summary in row["metrics"].items():
        low, high = summary["ci95"] or (None, None)
        values = {**summary, "ci95_low": low, "ci95_high": high}
        flat |= {f"{name}_{part}": values[part] for part in _PARTS}
    return flat


def write_leaderboard(store: Store, registries: Registries | None = None) -> Path:
    """Write `README.md`, `leaderboard.csv`, `leaderboard.json` and the pictures; returns the path of the first.

    Raises
    ------
    UserError
        The folder holds no plan, or cannot be written.
    """
    known = registries or Registries()
    return write_page(make_leaderboard(store, known), store.out / "leaderboard", known)


def write_page(
    board: Leaderboard, folder: Path, registries: Registries, extra: Figures | None = None, closing: str = ""
) -> Path:
    """Write a leaderboard's page, tables and pictures into a folder; returns the path of the page.

    The tables are written first and stand whatever becomes of the pictures.

    Parameters
    ----------
    extra
        Further pictures that lie in the folder, as `render` takes them.
    closing
        A section of markdown before the notes.
    """
    rows = [row.facts for row in board.rows]
    write_json(folder / "leaderboard.json", rows)
    _write_text(folder / "leaderboard.csv", csv_text(rows))
    _write_text(folder / "README.md", render(board, registries, extra, closing))
    if figures := _draw(board, folder):
        _write_text(folder / "README.md", render(board, registries, {**figures, **(extra or {})}, closing))
    return folder / "README.md"


def _draw(board: Leaderboard, folder: Path) -> Figures:
    """Draw the pictures anew; none where drawing fails, which is said and loses nothing else."""
    for kind in ("dice-vs-ratio", "dice-vs-labeled", "ranks", "cases", "groups", "generations"):
        for old in folder.glob(f"{kind}-*.png"):
            old.unlink()
    try:
        from .figures import draw

        return draw(board, folder)
    except Exception as error:
        print(f"no pictures for the leaderboard: {type(error).__name__}: {error}", file=sys.stderr)
        return {}


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda target: _fill(target, text))


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
