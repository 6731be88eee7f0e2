"""Trials one after the other in this process, without ray: Optuna's ask and tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Pruned
from ..execution.settings import WorkerSettings
from ..registry import Registries
from ..store import Store
from .runs import Job
from .study import report
from .trial import TrialResult, TrialRunner

if TYPE_CHECKING:
    from optuna.trial import Trial

    from ..execution.worker import CellWorker


class InlineTrials:
    """Runs trials in this process, on the GPU if there is one; the worker is kept from trial to trial.

    Parameters
    ----------
    out
        The output folder.
    """

    workers = 1

    def __init__(self, out: Path, settings: WorkerSettings) -> None:
        self.settings = settings
        self.store = Store(out)
        self.registries = Registries(settings.plugins)
        self._worker: CellWorker | None = None

    def run(self, job: Job) -> None:
        """See `TrialExecutor.run`."""
        for _ in range(job.count):
            trial = job.study.study.ask(job.study.distributions)
            job.study.mark(trial)
            job.display.started(trial.number, trial.params)
            result = self._run(job, trial)
            job.study.end(trial, result)
            job.display.ended(trial.number, trial.params, result)

    def _run(self, job: Job, trial: Trial) -> TrialResult | None:
        def tell(steps: Mapping[int, float]) -> None:
            if report(trial, steps):
                raise Pruned

        runner = TrialRunner(self._warm(), self.store, self.registries, job.method, job.study.tune, job.retry_failed)
        try:
            return runner.run(trial.params, tell)
        except Pruned:
            return None

    def _warm(self) -> CellWorker:
        from ..execution.worker import CellWorker  # imports torch

        if self._worker is None:
            self._worker = CellWorker(self.store, self.registries, self.settings)
        return self._worker

    def stop(self) -> None:
        """Nothing to stop: an interrupt ends the running trial itself."""
