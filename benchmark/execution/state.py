"""In what state the cells of a plan are."""

from __future__ import annotations

from collections.abc import Sequence

from ..cell import Cell
from ..store import Store


def cell_states(cells: Sequence[Cell], store: Store, retry_failed: bool = False) -> dict[str, str]:
    """State by cell id.

    `done`, or the status of a failed record; `partial` where a checkpoint or finished stage waits to be
    continued; `damaged` where a record cannot be trusted; `waiting` otherwise. With `retry_failed`,
    failed cells are `waiting` again.
    """
    finished = store.finished_ids()
    states: dict[str, str] = {}
    for cell in cells:
        if cell.id not in states:
            states[cell.id] = _finished_state(cell.id, store) if cell.id in finished else _unfinished(cell.id, store)
            if retry_failed and states[cell.id] in ("failed", "timeout", "oom", "skipped"):
                states[cell.id] = "waiting"
    return states


def _finished_state(cell_id: str, store: Store) -> str:
    try:
        record = store.read(cell_id)
    except ValueError:
        return "damaged"
    return record.result.status if record is not None else "waiting"


def _unfinished(cell_id: str, store: Store) -> str:
    folder = store.folder(cell_id)
    begun = folder.checkpoint.exists() or folder.stages.is_dir()
    return "partial" if begun else "waiting"
