"""Trials on ray: Ray Tune, its actors kept from trial to trial."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cell import Cell
from ..errors import Pruned, UserError
from ..execution.ray_cluster import connect_for, room
from ..execution.settings import WorkerSettings
from ..registry import Registries
from ..spec.tune import Tune
from ..store import Store
from .cells import TrialCells
from .runs import Job
from .trial import TrialRunner

if TYPE_CHECKING:
    from ..execution.worker import CellWorker

_TUNE_SETTINGS = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
    "RAY_AIR_NEW_OUTPUT": "0",
}
"""Ctrl-C is ours to handle, and the study and the store hold all that Tune would log."""

_THREAD_PATIENCE_SECONDS = 30
"""How long an actor waits for a pruned trial's last step before it is replaced."""


class RayTrials:
    """Runs trials on Ray Tune, on this machine or on a running cluster.

    Parameters
    ----------
    out
        Output folder; on a cluster all nodes must share it.
    workers
        Trials at a time; None: as many as the CPUs (and GPU shares) allow.
    address
        Of a running cluster; None starts ray on this machine.
    retries
        How often a trial whose worker died is tried again.

    Raises
    ------
    UserError
        Ray does not start, or no machine can run a trial.
    """

    def __init__(
        self, out: Path, settings: WorkerSettings, workers: int | None, address: str | None, retries: int
    ) -> None:
        os.environ.update(_TUNE_SETTINGS)
        os.environ.setdefault("TUNE_FUNCTION_THREAD_TIMEOUT_S", str(_THREAD_PATIENCE_SECONDS))
        self.out, self.settings, self.retries = out.resolve(), settings, retries
        self.ray = connect_for(address, workers, settings)
        fits = room(self.ray, settings)
        self.workers = min(fits, workers) if workers else fits

    def run(self, job: Job) -> None:
        """See `TrialExecutor.run`."""
        from ray import tune

        from .ray_search import StudyScheduler, StudySearch

        search = StudySearch(job)
        folder = self.out / "tuning" / ".ray"
        about = {
            "out": str(self.out),
            "cells": [cell.model_dump_json() for cell in job.method.base],
            "label": job.method.label,
            "fixed": dict(job.method.fixed),
            "tune": job.study.tune.model_dump_json(),
            "settings": self.settings,
            "retry_failed": job.retry_failed,
        }
        trainable = tune.with_resources(
            tune.with_parameters(_trial, about=about), {"cpu": self.settings.threads, "gpu": self.settings.gpus}
        )
        tuner = tune.Tuner(
            trainable,
            tune_config=tune.TuneConfig(
                search_alg=search,
                scheduler=StudyScheduler(search),
                num_samples=job.count,
                max_concurrent_trials=self.workers,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=str(folder),
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=self.retries),
            ),
        )
        try:
            tuner.fit()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """See `TrialExecutor.stop`; a cluster that was joined goes on running."""
        self.ray.shutdown()


@lru_cache(maxsize=1)
def _worker(out: Path, settings: WorkerSettings) -> CellWorker:
    """The worker of this actor, which outlives its trials."""
    from ..execution.worker import CellWorker  # imports torch

    return CellWorker(Store(out), Registries(settings.plugins), settings)


def _trial(config: dict[str, Any], about: Mapping[str, Any]) -> None:
    """One trial, in an actor."""
    import torch
    from ray import tune

    out, settings = Path(about["out"]), about["settings"]
    worker = _worker(out, settings)
    # each trial has a thread of its own, and the number is kept per thread
    torch.set_num_threads(settings.threads)
    cells = tuple(Cell.model_validate_json(text) for text in about["cells"])
    method = TrialCells(about["label"], cells, about["fixed"])
    declared = Tune.model_validate_json(about["tune"])
    runner = TrialRunner(worker, worker.store, worker.registries, method, declared, about["retry_failed"])

    def tell(steps: Mapping[int, float]) -> None:
        try:
            tune.report({"final": False, "steps": {str(step): value for step, value in steps.items()}})
        except SystemExit:
            # how Tune ends a trial that its scheduler stops
            raise Pruned from None

    try:
        result = runner.run(config["params"], tell)
    except Pruned:
        # a plain return would report once more, and wait for an answer for ever
        sys.exit(0)
    if not worker.usable():
        raise UserError("the GPU gave up on this process")
    tune.report(
        {
            "final": True,
            **{name: list(getattr(result, name)) for name in ("values", "cells", "scores")},
            "error": result.error,
        }
    )
