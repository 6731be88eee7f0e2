"""Optuna's samplers, pruners and distributions by nsbench's names."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import UserError
from ..spec.tune import Tune
from .space import Dimension

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep what Optuna says of experimental classes and of each trial from the screen."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def check_parts(tune: Tune, dimensions: Sequence[Dimension], cells: int) -> None:
    """Whether sampler and pruner suit the space and the trial's cells; imports nothing of Optuna.

    Raises
    ------
    UserError
        CMA-ES without its package, with values or one dimension; Wilcoxon with one cell in a trial.
    """
    if tune.sampler == "cma-es":
        if find_spec("cmaes") is None:
            raise UserError("--sampler cma-es needs the package cmaes: pip install cmaes, or use another sampler")
        listed = [dimension.name for dimension in dimensions if dimension.values]
        if listed or len(dimensions) < 2:
            what = f"{listed[0]} is a list of values" if listed else "there is one parameter"
            raise UserError(f"--sampler cma-es searches two ranges or more, and {what}; use --sampler tpe or qmc")
    if tune.early_stop == "wilcoxon" and cells < 2:
        raise UserError(
            "--pruner wilcoxon compares trials cell by cell, and a trial here is one cell; "
            "give more --seeds or --ratios, or use median or asha"
        )


def make_sampler(tune: Tune, workers: int, begun: int) -> BaseSampler:
    """The sampler; for a grid, whose trials are enqueued, any.

    Parameters
    ----------
    begun
        Trials that the study has already: one that goes on must not draw what it drew at first.

    Optuna's own GridSampler ends a study by `Study.stop`, which does not exist where trials are asked for and
    told, and takes a killed trial for a visited one.
    """
    from optuna import samplers

    if tune.sampler == "cma-es":
        return samplers.CmaEsSampler(seed=tune.seed + begun)
    if tune.sampler == "qmc":
        return samplers.QMCSampler(seed=tune.seed, scramble=True)
    if tune.sampler == "grid":
        return samplers.RandomSampler(seed=tune.seed)
    return samplers.TPESampler(seed=tune.seed + begun, constant_liar=workers > 1)


def make_pruner(tune: Tune) -> BasePruner:
    """The pruner; `asha` is Optuna's asynchronous successive halving."""
    from optuna import pruners

    if tune.early_stop == "asha":
        return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    if tune.early_stop == "median":
        return pruners.MedianPruner(n_startup_trials=4)
    return pruners.WilcoxonPruner() if tune.early_stop == "wilcoxon" else pruners.NopPruner()


def make_distributions(dimensions: Sequence[Dimension], tune: Tune) -> dict[str, BaseDistribution]:
    """The dimensions in Optuna's terms; numbers of a grid lie on an axis, other values are categories."""
    return {dimension.name: _distribution(dimension, tune.sampler == "grid") for dimension in dimensions}


def _distribution(dimension: Dimension, gridded: bool) -> BaseDistribution:
    from optuna import distributions

    values = dimension.values
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if values and not (gridded and len(numbers) == len(values)):
        return distributions.CategoricalDistribution(values)
    low, high = (min(numbers), max(numbers)) if values else (dimension.low, dimension.high)
    if dimension.whole or (values and all(isinstance(value, int) for value in numbers)):
        return distributions.IntDistribution(int(low), int(high), log=dimension.log)
    return distributions.FloatDistribution(float(low), float(high), log=dimension.log)
