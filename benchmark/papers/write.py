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
from .parts import Reproduction
from .side_by_side import side_by_side


def write_side_by_side(found: Reproduction, store: Store, registries: Registries) -> tuple[Path, list[dict[str, Any]]]:
    """Write `README.md`, `table.csv` and `table.json`.

    Returns
    -------
    The path of the first, and the lines of the others.
    """
    lines = side_by_side(found, store, registries)
    rows = [{**line.as_json(), "stand_in": found.stand_in or None} for line in lines]
    folder = store.out / "reproduction"
    write_json(folder / "table.json", rows)
    _write_text(folder / "table.csv", _csv(rows))
    _write_text(folder / "README.md", render(found, lines))
    return folder / "README.md", rows


def _csv(rows: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda target: _fill(target, text))


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
