"""Pictures of a study, drawn by Optuna: history, score against each parameter, parallel coordinates, importance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .results import TrialRow
from .tune import Tuned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from optuna.trial import FrozenTrial

_DPI = 150
_NAME = "Dice (validation)"


def draw(tuned: Tuned, rows: Sequence[TrialRow], folder: Path) -> dict[str, str]:
    """Draw all pictures of a study into a folder; returns their file names by what they show."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    slug = re.sub(r"[^a-z0-9]+", "-", tuned.target.method.label.lower()).strip("-")
    names: dict[str, str] = {}
    for what, plot in _plots(tuned, rows):
        with pyplot.style.context("default"):
            figure = _figure(plot())
            name = f"{slug}-{re.sub(r'[^a-z0-9]+', '-', what.lower())}.png"
            figure.savefig(folder / name, dpi=_DPI, bbox_inches="tight", metadata={"Software": None})
            pyplot.close("all")
        names[what] = name
    return names


def _figure(axes: Any) -> Any:
    return np.ravel(axes)[0].figure


def _plots(tuned: Tuned, rows: Sequence[TrialRow]) -> Iterator[tuple[str, Callable[[], Any]]]:
    from optuna.visualization import matplotlib as plots

    study, several = tuned.study.study, len(tuned.target.dimensions) > 1
    about: dict[str, Any] = {"target_name": _NAME}
    # with a target, optuna takes low for good and draws the best in white
    if tuned.study.tune.against:
        about["target"] = _dice
    for dimension in tuned.target.dimensions:
        yield f"score against {dimension.name}", partial(_slice, tuned, rows, dimension.name)
    yield "history", lambda: plots.plot_optimization_history(study, **about)
    yield "parallel coordinates", lambda: plots.plot_parallel_coordinate(study, **about)
    # with one parameter, or one score, there is nothing to attribute
    if several and len({row.dice for row in rows}) > 1:
        yield "importance", lambda: plots.plot_param_importances(study, **about)
    if tuned.study.tune.against:
        yield "Pareto front", lambda: plots.plot_pareto_front(study, target_names=[_NAME, "seconds of training"])


def _dice(trial: FrozenTrial) -> float:
    return float(trial.values[0])


def _slice(tuned: Tuned, rows: Sequence[TrialRow], name: str) -> Axes:
    """Optuna's slice plot with the 95 % intervals of the trials."""
    from optuna.visualization import matplotlib as plots

    axes: Any = plots.plot_slice(tuned.study.study, params=[name], target=_dice, target_name=_NAME)
    for row in rows:
        if row.ci95 is not None:
            at = row.params[name]
            # optuna writes categories as their repr
            place = repr(at) if name in _categories(tuned) else at
            axes.vlines(place, *row.ci95, color="grey", linewidth=1.2, zorder=0)
    axes.autoscale(axis="y")
    return axes  # type: ignore[no-any-return]


def _categories(tuned: Tuned) -> set[str]:
    return {name for name, known in tuned.study.distributions.items() if not hasattr(known, "low")}
