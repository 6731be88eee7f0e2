"""Which executor runs the cells, and what its workers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UserError
from ..store import Store
from .events import Executor
from .settings import WorkerSettings

if TYPE_CHECKING:
    from ..spec.models import Execution


def make_executor(store: Store, execution: Execution) -> Executor:
    """The executor that the spec asks for, ready to run.

    Raises
    ------
    UserError
        Ray is not installed or does not start, or no machine has the cores or the GPU that a cell asks for.
    """
    settings = worker_settings(execution)
    if execution.executor == "inline":
        from .inline import InlineExecutor

        return InlineExecutor(store.out, settings)
    from .ray_pool import RayExecutor

    return RayExecutor(store.out, settings, execution.workers, execution.address, execution.retries)


def worker_settings(execution: Execution) -> WorkerSettings:
    """What the workers of an executor are told; UserError for a GPU that is not there."""
    return WorkerSettings(
        threads=execution.cpus_per_run,
        gpus=_gpu_share(execution),
        plugins=tuple(path.resolve() for path in execution.plugins),
        timeout_seconds=execution.timeout_minutes * 60 if execution.timeout_minutes else None,
        save_predictions=execution.save_predictions,
    )


def _gpu_share(execution: Execution) -> float:
    """The share that was asked for, else a whole GPU where there is one; a joined cluster's own are not known here."""
    wanted = execution.gpus_per_run
    if wanted == 0 or (wanted is not None and execution.address):
        return wanted
    import torch

    found = torch.cuda.is_available()
    if wanted is not None and not found:
        raise UserError(f"--gpus-per-run {wanted:g}: this machine has no GPU that torch can use; leave the flag out")
    return (wanted or 1.0) if found else 0.0
