"""A worker: imports torch once, then runs cell after cell."""

from __future__ import annotations

import gc

import torch

from ..cell import Cell
from ..registry import Registries
from ..store import Status, Store
from .run_cell import CellOptions, pick_device, run_cell
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
        torch.set_num_threads(settings.threads)
        torch.use_deterministic_algorithms(self.device.type == "cpu", warn_only=True)

    def run(self, cell: Cell) -> Status:
        """Run one cell; never raises for what goes wrong inside it."""
        status = run_cell(cell, self.store, self.registries, self.device, self.options)
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return status
