"""What Ray Tune is told: trials come from the study, and the study's pruner ends them.

`OptunaSearch` hands out trials. It knows no pruner of Optuna's, and takes a trial that a scheduler stopped for a
completed one; both are mended here. Tune's own ASHA and median rules are not used: they forget, when the command
is killed, what the study remembers, and there is no Wilcoxon among them.
"""

from __future__ import annotations

from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from .runs import Job
from .study import report
from .trial import TrialResult

METRICS = ["dice", "seconds"]


class StudySearch(OptunaSearch):  # type: ignore[misc]
    """Trials of the job's study.

    Parameters
    ----------
    job
        Its study is told how every trial ended.
    """

    def __init__(self, job: Job) -> None:
        study = job.study.study
        several = len(study.directions) > 1
        super().__init__(
            job.study.distributions,
            metric=METRICS if several else METRICS[0],
            mode=["max", "min"] if several else "max",
            sampler=study.sampler,
            study_name=study.study_name,
            storage=study._storage,
        )
        # the study as it was opened, with its pruner
        self._ot_study: Any = study
        self._job = job

    def suggest(self, trial_id: str) -> Any:
        """Parameters of the next trial."""
        params = super().suggest(trial_id)
        trial = self._ot_trials[trial_id]
        self._job.study.mark(trial)
        self._job.display.started(trial.number, trial.params)
        return {"params": params}

    def prunes(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Report the intermediate scores of a result; whether the trial ends here."""
        steps = {int(name.split("/")[1]): value for name, value in result.items() if name.startswith("steps/")}
        known = self._ot_study.trials[self._ot_trials[trial_id].number].intermediate_values
        # a trial whose worker died begins anew and says the same again
        new = {step: value for step, value in steps.items() if step not in known}
        return bool(new) and report(self._ot_trials[trial_id], new)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: the scheduler is asked first, and has reported."""

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell the study how the trial ended."""
        trial = self._ot_trials[trial_id]
        ended = _ended(result or {}, error)
        self._job.study.end(trial, ended)
        self._job.display.ended(trial.number, trial.params, ended)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study itself is the state that a killed command goes on from."""

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles what it would need to restore an experiment, which is never asked of it
        return {}


def _ended(result: dict[str, Any], error: bool) -> TrialResult | None:
    if error:
        return TrialResult(error="its worker died, more often than --retries allows")
    if not result.get("final"):
        return None
    values, cells, scores = (tuple(result[name]) for name in ("values", "cells", "scores"))
    return TrialResult(values, cells, scores, result["error"])


class StudyScheduler(FIFOScheduler):  # type: ignore[misc]
    """Stops the trials that the study's pruner ends.

    Parameters
    ----------
    search
        Where the trials come from.
    """

    def __init__(self, search: StudySearch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._search = search

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """CONTINUE, or STOP for a trial that is pruned."""
        stop = not result.get("final") and self._search.prunes(trial.trial_id, result)
        return str(TrialScheduler.STOP if stop else TrialScheduler.CONTINUE)
