"""Runs the cells of a plan that are not done yet."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..cell import Cell
from ..errors import UserError
from ..registry import Registries
from ..store import Store
from ..store.files import check_writable
from .display import Display
from .events import Executor
from .settings import WorkerSettings
from .state import cell_states

if TYPE_CHECKING:
    from ..spec.models import Execution

BYTES_PER_CELL = 8 * 2**20
"""Room that a cell needs at the least: weights, checkpoint and tables."""


@dataclass
class Summary:
    """How the grid went: cells by status, and whether it was interrupted."""

    statuses: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False

    @property
    def done(self) -> int:
        """Cells with a result."""
        return self.statuses["done"]

    @property
    def failed(self) -> int:
        """Cells with a record of failure."""
        return sum(self.statuses[s] for s in ("failed", "timeout", "oom", "skipped"))


def run_grid(
    cells: Sequence[Cell], store: Store, execution: Execution, registries: Registries, *, quiet: bool = False
) -> Summary:
    """Run what is not done, seed by seed; finished cells are not touched, torch is not imported for them.

    Raises
    ------
    UserError
        The output folder cannot be written, or the data of a dataset cannot be used.
    """
    unique = list({cell.id: cell for cell in cells}.values())
    states = cell_states(unique, store, execution.retry_failed)
    _set_damaged_aside(states, store)
    pending = [cell for cell in unique if states[cell.id] in ("waiting", "partial", "damaged")]
    summary = Summary(Counter(s for s in states.values() if s not in ("waiting", "partial", "damaged")))
    if not pending:
        return summary
    check_writable(store.out, BYTES_PER_CELL * len(pending))
    _prepare_data(pending, registries, quiet)
    _run(pending, store, _executor(store, execution), summary, len(unique), quiet)
    return summary


def _run(pending: list[Cell], store: Store, executor: Executor, summary: Summary, total: int, quiet: bool) -> None:
    before = total - len(pending)
    with Display(store, total, before, executor.workers, quiet) as display:
        try:
            for event in executor.run(pending):
                display.show(event)
                if event.kind == "ended":
                    summary.statuses[event.status] += 1
        except KeyboardInterrupt:
            summary.interrupted = True
        finally:
            executor.stop()


def _set_damaged_aside(states: dict[str, str], store: Store) -> None:
    for cell_id, state in states.items():
        if state == "damaged":
            where = store.set_aside(cell_id)
            print(f"the record of cell {cell_id} is damaged: moved to {where}, the cell is run again", file=sys.stderr)


def _prepare_data(pending: Sequence[Cell], registries: Registries, quiet: bool) -> None:
    """Read and check the data of every dataset once, before hours are spent."""
    from ..data.cell_data import load_cell_data
    from .preparing import preparing

    first: dict[str, Cell] = {}
    for cell in pending:
        who = cell.identity
        first.setdefault(f"{who.dataset.model_dump_json()}{who.fold}{who.seed}{who.budget.case_limit}", cell)
    with preparing(quiet) as tick:
        for cell in first.values():
            load_cell_data(cell, registries, tick(cell.dataset_label))


def _executor(store: Store, execution: Execution) -> Executor:
    settings = WorkerSettings(
        threads=execution.cpus_per_run,
        gpus=_gpu_share(execution),
        plugins=tuple(path.resolve() for path in execution.plugins),
        timeout_seconds=execution.timeout_minutes * 60 if execution.timeout_minutes else None,
        save_predictions=execution.save_predictions,
    )
    if execution.executor == "inline":
        from .inline import InlineExecutor

        return InlineExecutor(store.out, settings)
    try:
        from .ray_pool import RayExecutor
    except ImportError as error:
        raise UserError(
            "--executor ray: ray is not installed; pip install 'nsbench[ray]' or --executor inline"
        ) from error
    return RayExecutor(store.out, settings, execution.workers, execution.address, execution.retries)


def _gpu_share(execution: Execution) -> float:
    if execution.gpus_per_run is not None:
        return execution.gpus_per_run
    import torch

    return 1.0 if torch.cuda.is_available() else 0.0
