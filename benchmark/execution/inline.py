"""The inline executor: one cell after the other in this process, without ray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..cell import Cell
from ..errors import CellFailure, UserError
from ..registry import Registries
from ..store import Store
from .alarm import alarm
from .events import Ending, Event
from .lost import lose_cell
from .settings import WorkerSettings

if TYPE_CHECKING:
    from .worker import CellWorker


class InlineExecutor:
    """Runs cells in this process, on the GPU if there is one.

    Parameters
    ----------
    out
        The output folder.
    settings
        Threads, GPU share and cell options.
    """

    workers = 1

    def __init__(self, out: Path, settings: WorkerSettings) -> None:
        self.out = out
        self.settings = settings

    def run(self, cells: Sequence[Cell]) -> Iterator[Event]:
        """See `Executor.run`."""
        from .worker import CellWorker  # imports torch

        worker = CellWorker(Store(self.out), Registries(self.settings.plugins), self.settings)
        for cell in cells:
            yield Event("started", cell)
            yield Event("ended", cell, *self._run(worker, cell))
            if not worker.usable():
                raise UserError("the GPU gave up on this process; the same command goes on where it stopped")

    def _run(self, worker: CellWorker, cell: Cell) -> Ending:
        try:
            with alarm(self.settings.patience_seconds):
                return worker.run(cell)
        except CellFailure as failure:
            # it rang when the cell was over but for its record
            return lose_cell(Store(self.out), cell, "timeout", str(failure))

    def stop(self) -> None:
        """Nothing to stop: an interrupt ends the running cell itself."""
