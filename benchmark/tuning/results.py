"""The completed trials of a study with their intervals, and how they compare with the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..metrics import METRICS
from ..report.stats import Design, summarise
from ..store import Store
from .scores import CellScore, read_score
from .tune import Tuned

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class TrialRow:
    """A completed trial.

    Attributes
    ----------
    dice
        The objective (0..1).
    seconds
        Seconds of training a cell, where that is an objective.
    scores
        Dice of each cell.
    ci95
        Interval over patients and seeds; None with too few patients, or where a cell is no longer in the store.
    tied
        Whether the interval of the paired difference to the best trial holds 0; None where there is not enough data.
    """

    number: int
    params: dict[str, Any]
    dice: float
    seconds: float | None
    scores: tuple[float, ...]
    cells: tuple[str, ...]
    ci95: tuple[float, float] | None
    tied: bool | None


def trial_rows(tuned: Tuned, store: Store) -> list[TrialRow]:
    """The completed trials, the best first; UserError when there is none."""
    best = tuned.study.best()
    trials = sorted(tuned.study.completed(), key=lambda trial: (trial.number != best.number, -trial.values[0]))
    observed = [_observed(trial, tuned, store) for trial in trials]
    seeds = [cell.identity.seed for cell in tuned.target.method.base]
    rows = []
    for trial, scores in zip(trials, observed):
        ci95 = _interval(scores, seeds) if scores else None
        difference = _interval(scores, seeds, observed[0]) if scores and observed[0] else None
        tied = None if difference is None or tuned.study.tune.over == "worst" else difference[0] <= 0 <= difference[1]
        rows.append(_row(trial, ci95, tied))
    return rows


def _row(trial: FrozenTrial, ci95: tuple[float, float] | None, tied: bool | None) -> TrialRow:
    return TrialRow(
        number=trial.number,
        params=dict(trial.params),
        dice=trial.values[0],
        seconds=trial.values[1] if len(trial.values) > 1 else None,
        scores=tuple(trial.user_attrs["scores"]),
        cells=tuple(trial.user_attrs["cells"]),
        ci95=ci95,
        tied=tied,
    )


def _observed(trial: FrozenTrial, tuned: Tuned, store: Store) -> list[CellScore | None]:
    """The trial's cells; all but the worst are None where that one is the score. Empty when one is gone."""
    found = [read_score(store, cell) for cell in trial.user_attrs["cells"]]
    if None in found:
        return []
    if tuned.study.tune.over == "worst":
        worst = int(np.argmin(trial.user_attrs["scores"]))
        return [score if i == worst else None for i, score in enumerate(found)]
    return list(found)


def _interval(
    scores: Sequence[CellScore | None], seeds: Sequence[int], reference: Sequence[CellScore | None] | None = None
) -> tuple[float, float] | None:
    """95 % interval of the mean over cells and cases, or of the mean paired difference to a reference."""
    values, keys = [], []
    for i, score in enumerate(scores):
        other = reference[i] if reference else None
        if score is None or (reference is not None and other is None):
            continue
        for case, dice in score.cases.items():
            values.append(dice - (other.cases.get(case, np.nan) if other else 0.0))
            keys.append((seeds[i], case, score.patients[case]))
    if not keys:
        return None
    runs, cases, patients = (np.unique([str(key[part]) for key in keys], return_inverse=True)[1] for part in range(3))
    summary = summarise(np.array(values)[:, None], Design(runs, cases, patients, runs))
    low, high = float(summary.low[0]), float(summary.high[0])
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    return (low, high) if reference else METRICS["dice"].within(low, high)
