"""The persistent Optuna study of one method: bound to its spec, continued after an interrupt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UserError
from ..spec.tune import Tune
from ..store.files import explain
from .optuna_parts import make_distributions, make_pruner, make_sampler
from .space import Dimension, grid
from .trial import TrialResult

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, Trial

BOUND = "nsbench"
"""Attribute of a study that says which spec it belongs to."""

_ENDED = ("COMPLETE", "PRUNED")


@dataclass
class TuningStudy:
    """A study and what is needed to fill it.

    Attributes
    ----------
    folder
        The output folder: trials that were begun there and never ended are tried again.
    """

    study: Study
    dimensions: tuple[Dimension, ...]
    tune: Tune
    folder: str

    @property
    def distributions(self) -> dict[str, Any]:
        """The search space in Optuna's terms."""
        return make_distributions(self.dimensions, self.tune)

    def prepare(self) -> int:
        """Enqueue what a killed command left, and the grid or the default; returns how many trials to run."""
        self._requeue()
        if self.tune.sampler == "grid":
            known = [trial.params or _fixed(trial) for trial in self._trials("WAITING", *_ENDED)]
            for params in grid(self.dimensions):
                if params not in known:
                    self.study.enqueue_trial(params)
            return len(self._trials("WAITING"))
        defaults = {d.name: d.default for d in self.dimensions if d.default is not None}
        if not self.study.get_trials(deepcopy=False) and defaults:
            self.study.enqueue_trial(defaults)
        return max(self.tune.trials - len(self._trials(*_ENDED)), 0)

    def counts(self) -> Counter[str]:
        """Trials by state: `complete`, `pruned`, `failed`, `interrupted` (and tried again), `running`, `waiting`."""
        return Counter(_state(trial) for trial in self.study.get_trials(deepcopy=False))

    def completed(self) -> list[FrozenTrial]:
        """The trials with a result, in their order."""
        return self._trials("COMPLETE")

    def best(self) -> FrozenTrial:
        """The trial of the highest score.

        Raises
        ------
        UserError
            No trial has been completed.
        """
        found = self.completed()
        if not found:
            causes = [trial.user_attrs["error"] for trial in self._trials("FAIL") if "error" in trial.user_attrs]
            why = f"; the last one failed: {causes[-1]}" if causes else ""
            raise UserError(f"study {self.study.study_name}: no trial has been completed, so none is the best{why}")
        return max(found, key=lambda trial: trial.values[0])

    def mark(self, trial: Trial) -> None:
        """Note that a trial runs on behalf of this output folder."""
        trial.set_user_attr("folder", self.folder)

    def end(self, trial: Trial, result: TrialResult | None) -> None:
        """Tell how a trial ended; None: it was pruned."""
        from optuna.trial import TrialState

        if result is None:
            self.study.tell(trial, state=TrialState.PRUNED)
        elif result.error:
            trial.set_user_attr("error", result.error)
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            trial.set_user_attr("cells", list(result.cells))
            trial.set_user_attr("scores", list(result.scores))
            self.study.tell(trial, list(result.values))

    def _requeue(self) -> None:
        from optuna.trial import TrialState

        for trial in self._trials("RUNNING"):
            if trial.user_attrs.get("folder", self.folder) == self.folder:
                self.study.tell(trial.number, state=TrialState.FAIL)
                if params := trial.params or _fixed(trial):
                    self.study.enqueue_trial(params)

    def _trials(self, *states: str) -> list[FrozenTrial]:
        return [trial for trial in self.study.get_trials(deepcopy=False) if trial.state.name in states]


def _state(trial: FrozenTrial) -> str:
    if trial.state.name == "FAIL":
        return "failed" if "error" in trial.user_attrs else "interrupted"
    return trial.state.name.lower()


def _fixed(trial: FrozenTrial) -> dict[str, Any]:
    return dict(trial.system_attrs.get("fixed_params", {}))


def report(trial: Trial, steps: Mapping[int, float]) -> bool:
    """Report intermediate scores; whether the trial is to be pruned."""
    for step, value in steps.items():
        trial.report(value, step)
    return trial.should_prune()


def open_study(
    out: Path, name: str, bound: dict[str, Any], dimensions: Sequence[Dimension], tune: Tune, workers: int
) -> TuningStudy:
    """Open or make the study of one method.

    Parameters
    ----------
    bound
        What the study belongs to, as JSON.
    workers
        Trials at a time.

    Raises
    ------
    UserError
        The storage cannot be used, or its study of that name belongs to another spec.
    """
    import optuna

    storage = open_storage(out, tune)
    directions: list[Literal["minimize", "maximize"]] = ["maximize", "minimize"] if tune.against else ["maximize"]
    found = {summary.study_name for summary in optuna.get_all_study_summaries(storage)}
    if name in found:
        check_bound(optuna.load_study(study_name=name, storage=storage), bound)
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        directions=directions,
        load_if_exists=True,
        pruner=make_pruner(tune),
    )
    study.sampler = make_sampler(tune, workers, len(study.get_trials(deepcopy=False)))
    study.set_user_attr(BOUND, bound)
    study.set_metric_names(["dice", "seconds"] if tune.against else ["dice"])
    return TuningStudy(study, tuple(dimensions), tune, str(out.resolve()))


def storage_url(out: Path, tune: Tune) -> str:
    """The URL of the storage: the one that was given, else SQLite in the output folder."""
    return tune.storage or f"sqlite:///{out.resolve() / 'study.db'}"


def open_storage(out: Path, tune: Tune) -> BaseStorage:
    """The storage; UserError where it cannot be used."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    url = storage_url(out, tune)
    shown = re.sub(r"//([^/@:]*):[^/@]*@", r"//\1:***@", url)
    try:
        out.mkdir(parents=True, exist_ok=True)
        return optuna.storages.RDBStorage(url)
    except OSError as error:
        raise explain(error, out) from error
    except (SQLAlchemyError, ImportError, ValueError, RuntimeError, optuna.exceptions.OptunaError) as error:
        reason = str(error).strip().splitlines()[0]
        remedy = "delete it or choose another --out"
        if tune.storage:
            remedy = (
                "check the URL, as in sqlite:///study.db or postgresql://user@host/name, and that the database's "
                "Python driver is installed"
            )
        raise UserError(f"storage {shown} cannot be used: {reason.replace(url, shown)}; {remedy}") from None


def check_bound(study: Study, bound: Mapping[str, Any]) -> None:
    """UserError when the study was made for another spec."""
    known = study.user_attrs.get(BOUND)
    if known == bound:
        return
    if not isinstance(known, dict):
        what = "was not made by nsbench tune"
    else:
        changed = sorted(key for key in known.keys() | bound.keys() if known.get(key) != bound.get(key))
        what = f"was made for another spec (differs in: {', '.join(changed)})"
    raise UserError(f"study {study.study_name} {what}; choose another --study or --out")
