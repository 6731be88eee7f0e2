"""Do unpacked files make a run that the harness could have written?"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ..cell import PROTOCOL
from ..errors import UserError
from ..registry import Registries
from ..report.write import write_leaderboard
from ..store import Store
from ..store.index import damaged, open_index
from .refused import Refused


def check_run(store: Store) -> int:
    """Check that plan, records and tables belong together; returns how many planned cells have no record."""
    try:
        cells = store.planned_cells()
    except UserError as error:
        raise Refused(_relative(store.out, error).split(";")[0]) from error
    if any(cell.root or cell.source_root for cell in cells):
        raise Refused("its plan names folders of a machine")
    if later := {cell.identity.protocol for cell in cells if cell.identity.protocol > PROTOCOL}:
        raise Refused(f"its cells follow protocol {max(later)}, this nsbench knows up to {PROTOCOL}: update nsbench")
    planned = {cell.id for cell in cells}
    held = {path.name for path in (store.out / "cells").glob("*")}
    for cell_id in sorted(held):
        if cell_id not in planned:
            raise Refused(f"cell {cell_id} is not in its plan")
        _check_cell(store, cell_id)
    return len(planned - held)


def _check_cell(store: Store, cell_id: str) -> None:
    folder = store.folder(cell_id)
    try:
        record = store.read(cell_id)
        store.provenance(cell_id)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(_relative(store.out, error)) from error
    if record is None:
        raise Refused(f"cell {cell_id} has no record")
    for table in (folder.cases, folder.curves):
        if table.exists() and table.name not in record.files:
            raise Refused(f"cell {cell_id} has a {table.name} that its record does not know")


def make_leaderboard(store: Store, registries: Registries | None) -> None:
    """Replace the leaderboard that came along by that of the records; Refused when they cannot be summarised."""
    try:
        problems = damaged(open_index(store).cells)
        if not problems:
            write_leaderboard(store, registries)
    except (UserError, OSError):
        raise
    except Exception as error:
        raise Refused(f"its records cannot be summarised ({type(error).__name__}: {error})") from error
    if problems:
        raise Refused(problems[0])


def _relative(out: Path, error: Exception) -> str:
    """The first line of an error, with names as in the archive."""
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    return str(error).replace(f"{out}/", "").splitlines()[0]
