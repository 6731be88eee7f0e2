"""The tables that can be reproduced, found by paper and name."""

from __future__ import annotations

from glob import escape
from pathlib import Path

from ..errors import UserError, nearest
from ..report.reported import table_key
from .paper_table import Declared, read_table

FOLDER = Path(__file__).parents[2] / "leaderboards"


def table_files(paper: str = "*") -> list[Path]:
    """The spec files that declare a paper's table; other leaderboards have a spec of their own."""
    found = sorted(FOLDER.glob(f"{paper}-*/spec.yaml"))
    return [path for path in found if path.read_text(encoding="utf-8").startswith("paper:")]


def all_tables() -> list[Declared]:
    """Every table; UserError where the files were not installed."""
    return [read_table(path) for path in _installed()]


def find_table(paper: str, table: str | None) -> Declared:
    """The table of a paper: `1`, `Table 1`, `I` and `Table I` mean the same, as do `fig 6` and `Fig. 6`.

    Raises
    ------
    UserError
        There is no such paper or table; names those that there are.
    """
    own = [read_table(path) for path in table_files(escape(paper))]
    if not own:
        papers = list(dict.fromkeys(path.parent.name.partition("-")[0] for path in _installed()))
        raise UserError(f"no tables of paper {paper!r}: {nearest(paper, papers)}")
    names = [each.table.table for each in own]
    if table is None:
        raise UserError(f'which table of {paper}? {", ".join(names)}: nsbench reproduce {paper} "{names[0]}"')
    for each in own:
        if table_key(each.table.table) == table_key(table):
            return each
    raise UserError(f"{paper} has no table {table!r} to reproduce: {nearest(table, names)}")


def _installed() -> list[Path]:
    found = table_files()
    if not found:
        raise UserError(f"no paper's table in {FOLDER}: reinstall nsbench")
    return found
