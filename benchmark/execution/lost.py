"""The record of a cell whose worker died without a word."""

from __future__ import annotations

import platform
import socket

from ..cell import Cell
from ..store import Provenance, Record, Result, Status, Store
from ..store.files import OutputError
from .clock import now
from .events import Ending


def lose_cell(store: Store, cell: Cell, status: Status, cause: str) -> Ending:
    """Write a failed record on behalf of a dead worker, unless it left one."""
    try:
        record = store.read(cell.id)
    except ValueError:
        record = None
    if record is not None:
        return Ending(record.result.status, cause)
    try:
        _write(store, cell, status, cause)
    except OutputError as error:
        return Ending("failed", f"{cause}; {error}")
    return Ending(status, cause)


def _write(store: Store, cell: Cell, status: Status, cause: str) -> None:
    record = Record(cell=cell.id, identity=cell.identity, result=Result(status=status, error=cause))
    provenance = Provenance(
        nsbench="",
        host=socket.gethostname(),
        device="",
        platform=platform.platform(),
        python=platform.python_version(),
        versions={},
        threads=0,
        started=now(),
        finished=now(),
    )
    store.write(record, provenance)
