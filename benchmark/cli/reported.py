"""`nsbench reported`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .app import app
from .options import AsJson, OfPaper
from .output import print_json, print_table

_COLUMNS = ("paper", "table", "dataset", "setting", "method", "metric", "mean", "std", "unit", "note")


@app.command()
def reported(
    paper: OfPaper = None,
    table: Annotated[str | None, typer.Option(help="Only this table (1, Table I ...).")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the numbers that the papers report, as printed there."""
    from ..report.reported import load_reported

    rows = load_reported(paper, table)
    if as_json:
        print_json(rows)
    else:
        print_table(_COLUMNS, [[_text(row[name]) for name in _COLUMNS] for row in rows])


def _text(value: Any) -> str:
    return "" if value is None else str(value)
