"""The inline executor: one cell after the other in this process, without ray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..cell import Cell
from ..registry import Registries
from ..store import Store
from .events import Event
from .settings import WorkerSettings


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
        from .worker import CellWorker

        worker = CellWorker(Store(self.out), Registries(self.settings.plugins), self.settings)
        for cell in cells:
            yield Event("started", cell)
            yield Event("ended", cell, worker.run(cell))

    def stop(self) -> None:
        """Nothing to stop: an interrupt ends the running cell itself."""
