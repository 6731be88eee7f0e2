"""Paired tests of every method against the baseline and against every other."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from .bootstrap import LEVEL, Estimates
from .panel import ROUNDING, Panel, by_patient, why_not


@dataclass(frozen=True)
class Pair:
    """What is known of `a` less `b`; null, with the reason, where there is not enough data.

    Attributes
    ----------
    patients, seeds
        How many have scores of both.
    difference
        Mean over patients and seeds, in the metric's own unit and direction.
    low, high
        95 % interval of it for other patients and other seeds, by the hierarchical bootstrap; null for one seed.
    wilcoxon_p, t_p
        Two-sided paired tests over patients, each averaged over the seeds.
    wilcoxon_holm, t_holm
        The same, corrected for the number of pairs.
    """

    a: str
    b: str
    patients: int
    seeds: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    wilcoxon_p: float | None = None
    wilcoxon_holm: float | None = None
    t_p: float | None = None
    t_holm: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return {**asdict(self), "reason": self.reason or None}


def all_pairs(panel: Panel, fixed_seeds: bool = False) -> list[Pair]:
    """Every two methods in the panel's order, Holm's correction over all of them."""
    return holm([one_pair(panel, a, b, fixed_seeds) for a, b in combinations(panel.methods, 2)])


def against(panel: Panel, baseline: str, fixed_seeds: bool = False) -> list[Pair]:
    """Every other method less the baseline, Holm's correction over these."""
    return holm([one_pair(panel, method, baseline, fixed_seeds) for method in panel.methods if method != baseline])


def one_pair(panel: Panel, a: str, b: str, fixed_seeds: bool) -> Pair:
    """One pair, not corrected."""
    values = panel.difference(a, b)
    known = np.isfinite(values)
    pair = Pair(a, b, int(known.any(1).sum()), int(known.any(0).sum()))
    reason = why_not(values, fixed_seeds)
    return replace(pair, reason=reason) if reason else _tested(pair, values, fixed_seeds)


def _tested(pair: Pair, values: np.ndarray, fixed_seeds: bool) -> Pair:
    from scipy import stats

    estimate = Estimates.of(values[None], fixed_seeds)
    low, high = np.quantile(estimate.draws()[:, 0], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    differences = by_patient(values)
    # rounding errors are no differences: they would have ranks
    differences = np.where(np.abs(differences) < ROUNDING, 0.0, differences)
    return replace(
        pair,
        difference=float(estimate.mean[0]),
        low=float(low),
        high=float(high),
        wilcoxon_p=float(stats.wilcoxon(differences).pvalue),
        t_p=float(stats.ttest_1samp(differences, 0).pvalue),
    )


def holm(pairs: Sequence[Pair]) -> list[Pair]:
    """Holm's correction of both tests over the pairs that were tested."""
    tested = [at for at, pair in enumerate(pairs) if not pair.reason]
    corrected = list(pairs)
    if tested:
        wilcoxon = _holm([pairs[at].wilcoxon_p for at in tested])
        student = _holm([pairs[at].t_p for at in tested])
        for at, first, second in zip(tested, wilcoxon, student):
            corrected[at] = replace(pairs[at], wilcoxon_holm=first, t_holm=second)
    return corrected


def _holm(values: Sequence[float | None]) -> list[float]:
    from statsmodels.stats import multitest

    # statsmodels has no types
    correct: Any = multitest.multipletests
    # and collects garbage in every call, which takes no time where all that lives is set aside
    gc.freeze()
    try:
        return [float(value) for value in correct(values, method="holm")[1]]
    finally:
        gc.unfreeze()
