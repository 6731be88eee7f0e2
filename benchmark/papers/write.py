"""The table on disk: `OUT/reproduction/` with markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from ..registry import Registries
from ..store import Store
from ..store.files import write_atomically, write_json
from .page import render
from .shown import Shown
from .side_by_side import side_by_side


def write_side_by_side(found: Shown, store: Store, registries: Registries) -> tuple[Path, list[dict[str, Any]]]:
    """Write `README.md`, `table.csv` and `table.json`.

    Returns
    -------
    The path of the first, and the lines of the others.
    """
    page, rows = told(found, store, registries)
    folder = store.out / "reproduction"
    write_json(folder / "table.json", rows)
    _write_text(folder / "table.csv", as_csv(rows))
    _write_text(folder / "README.md", page)
    return folder / "README.md", rows


def told(found: Shown, store: Store, registries: Registries) -> tuple[str, list[dict[str, Any]]]:
    """The page, and the lines of the table; the store may be a published leaderboard."""
    lines = side_by_side(found, store, registries)
    rows = [{**line.as_json(), "stand_in": found.stand_in or None} for line in lines]
    return render(found, lines), rows


def as_csv(rows: list[dict[str, Any]]) -> str:
    """The lines of the table as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda target: _fill(target, text))


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
