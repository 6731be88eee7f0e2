"""The record of a cell whose worker died without a word."""

from __future__ import annotations

import platform
import socket

from ..cell import Cell
from ..store import Provenance, Record, Result, Status, Store
from .clock import now


def record_lost_cell(store: Store, cell: Cell, status: Status, cause: str) -> Status:
    """Write a failed record on behalf of a dead worker; returns its status."""
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
    return status
