"""A worker: imports torch once, then runs cell after cell."""

from __future__ import annotations

import gc

import torch

from ..cell import Cell
from ..registry import Registries
from ..store import Record, Store
from ..store.files import OutputError
from .events import Ending
from .failure import last_line
from .limits import raise_file_limit
from .run_cell import CellOptions, Listener, pick_device, run_cell
from .settings import WorkerSettings


class CellWorker:
    """Runs cells one after the other with fixed settings.

    Parameters
    ----------
    store
        Where records go.
    registries
        Plugins, loose ones included.
    """

    def __init__(self, store: Store, registries: Registries, settings: WorkerSettings) -> None:
        self.store = store
        self.registries = registries
        self.device = pick_device(settings.gpus)
        self.options = CellOptions(settings.timeout_seconds, settings.save_predictions, settings.checkpoint_seconds)
        raise_file_limit()
        torch.set_num_threads(settings.threads)
        torch.use_deterministic_algorithms(self.device.type == "cpu", warn_only=True)

    def run(self, cell: Cell, validated: Listener = lambda scores: None) -> Ending:
        """Run one cell unless it is done; never raises for what goes wrong inside it.

        Raises
        ------
        Pruned
            `validated`, which hears the validation scores, ended the cell.
        """
        known = self._record(cell)
        if known is not None and known.result.status == "done":
            # the worker that had it before died after its last word
            return Ending("done")
        try:
            status = run_cell(cell, self.store, self.registries, self.device, self.options, validated)
        except OutputError as error:
            return Ending("failed", str(error))
        finally:
            self._clear()
        record = self._record(cell) if status != "done" else None
        return Ending(status, last_line(record.result.error) if record else "")

    def _record(self, cell: Cell) -> Record | None:
        try:
            return self.store.read(cell.id)
        except ValueError:
            return None

    def _clear(self) -> None:
        gc.collect()
        if self.device.type == "cuda" and self.usable():
            torch.cuda.empty_cache()

    def usable(self) -> bool:
        """Whether the next cell can run here; a kernel that failed leaves the process without its GPU."""
        if self.device.type != "cuda":
            return True
        try:
            torch.cuda.synchronize(self.device)
        except RuntimeError:
            return False
        return True
