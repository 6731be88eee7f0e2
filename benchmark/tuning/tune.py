"""Tuning from a loaded spec to its studies."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..execution.interrupt import terminable, uninterrupted
from ..registry import Registries
from ..spec.load import Loaded
from ..spec.tune import Tune
from ..spec.where import FieldError
from ..store import Store
from .cells import TrialCells, trial_cells
from .optuna_parts import check_parts, quiet_optuna
from .space import Dimension, search_space
from .trial import LOCKS

if TYPE_CHECKING:
    from .runs import TrialExecutor
    from .study import TuningStudy


@dataclass(frozen=True)
class Target:
    """A method to tune and where it is searched."""

    method: TrialCells
    dimensions: tuple[Dimension, ...]


@dataclass(frozen=True)
class Tuned:
    """A study after its trials.

    Attributes
    ----------
    failed
        Trials of this command that failed.
    """

    target: Target
    study: TuningStudy
    failed: int


def tune_targets(loaded: Loaded, registries: Registries) -> tuple[Tune, list[Target]]:
    """Check everything that the spec says of tuning; imports neither torch nor ray nor optuna.

    Raises
    ------
    UserError
        Names the file and line or the flag, and what is wrong there.
    """
    tune = loaded.tune or Tune()
    methods = trial_cells(loaded, tune, registries)
    found = []
    for method in methods:
        try:
            dimensions = search_space(registries.methods.get(method.method), tune, method.fixed)
            dimensions = tuple(_with_budget(dimension, method) for dimension in dimensions)
        except FieldError as error:
            raise loaded.origin.explain(error) from None
        check_parts(tune, dimensions, len(method.base))
        found.append(Target(method, dimensions))
    return tune, found


def _with_budget(dimension: Dimension, method: TrialCells) -> Dimension:
    """An unset learning rate is the budget's."""
    rate = method.base[0].identity.budget.learning_rate
    inside = rate in dimension.values if dimension.values else dimension.low <= rate <= dimension.high
    if dimension.name != "learning_rate" or dimension.default is not None or not inside:
        return dimension
    return replace(dimension, default=rate)


def study_name(tune: Tune, label: str, methods: int) -> str:
    """The label, or the name that was given; both where several methods would share that name."""
    return label if tune.study is None else tune.study if methods == 1 else f"{tune.study} {label}"


def bound_to(loaded: Loaded, tune: Tune, target: Target) -> dict[str, Any]:
    """What a study belongs to; trials, sampler, pruner and their seed may change from command to command."""
    spec = loaded.spec.identity()
    for name in ("methods", "params"):
        del spec[name]
    chosen = {"method": target.method.base[0].identity.method.model_dump(mode="json", exclude={"code"})}
    judged = {name: getattr(tune, name) for name in ("objective", "over", "against")}
    searched: dict[str, Any] = {"searched": {dimension.name: dimension.as_json() for dimension in target.dimensions}}
    if tune.sampler != "grid" and any(dimension.values for dimension in target.dimensions):
        # optuna keeps a grid's numbers on an axis and those of another search as categories
        searched["grid"] = False
    document = {**spec, **chosen, **judged, **searched, "code or data": target.method.bound_to()}
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


def run_tuning(
    loaded: Loaded, tune: Tune, targets: Sequence[Target], registries: Registries, *, quiet: bool = False
) -> tuple[list[Tuned], bool]:
    """Run the trials that are missing, study after study.

    Returns
    -------
    The studies, and whether an interrupt ended the run.

    Raises
    ------
    UserError
        The output folder, the storage or the data cannot be used, or a study belongs to another spec.
    """
    from ..execution.grid import check_data

    store = Store(loaded.execution.out)
    with quiet_optuna():
        # before the data are read, which takes time, and before ray is started
        _refuse_foreign(loaded, tune, targets)
        cells = [cell for target in targets for cell in target.method.base]
        check_data(cells, store, loaded.execution, registries, quiet=quiet)
        with store.exclusive():
            return _run(loaded, tune, targets, quiet)


def _refuse_foreign(loaded: Loaded, tune: Tune, targets: Sequence[Target]) -> None:
    import optuna

    from .study import check_bound, open_storage

    if tune.storage is None and not (loaded.execution.out / "study.db").exists():
        return
    storage = open_storage(loaded.execution.out, tune)
    found = {summary.study_name for summary in optuna.get_all_study_summaries(storage)}
    for target in targets:
        name = study_name(tune, target.method.label, len(targets))
        if name in found:
            check_bound(optuna.load_study(study_name=name, storage=storage), bound_to(loaded, tune, target))


def _run(loaded: Loaded, tune: Tune, targets: Sequence[Target], quiet: bool) -> tuple[list[Tuned], bool]:
    from .executors import make_trials

    executor = make_trials(loaded.execution)
    found: list[Tuned] = []
    interrupted = False
    try:
        with terminable():
            for target in targets:
                study = _open(loaded, tune, target, len(targets), executor)
                failed = 0
                try:
                    if not interrupted:
                        failed = _fill(study, target, loaded, executor, quiet)
                except KeyboardInterrupt:
                    interrupted = True
                found.append(Tuned(target, study, failed))
    finally:
        with uninterrupted():
            executor.stop()
            shutil.rmtree(loaded.execution.out / "tuning" / LOCKS, ignore_errors=True)
    return found, interrupted


def _open(loaded: Loaded, tune: Tune, target: Target, methods: int, executor: TrialExecutor) -> TuningStudy:
    from .study import open_study

    name = study_name(tune, target.method.label, methods)
    bound = bound_to(loaded, tune, target)
    return open_study(loaded.execution.out, name, bound, target.dimensions, tune, executor.workers)


def _fill(study: TuningStudy, target: Target, loaded: Loaded, executor: TrialExecutor, quiet: bool) -> int:
    """Run what is missing; returns the number of trials that failed."""
    from .display import TrialDisplay
    from .runs import Job

    count = study.prepare()
    if not count:
        print(f"{target.method.label}: {dict(study.counts())}: nothing left to run", file=sys.stderr)
        return 0
    done = study.completed()
    best = max((trial.values[0] for trial in done), default=None)
    with TrialDisplay(target.method.label, count, best, quiet) as display:
        executor.run(Job(target.method, study, count, loaded.execution.retry_failed, display))
    return display.failed
