"""Where each method may stand among the others, and how likely it is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..metrics import METRICS, Metric
from .bootstrap import Estimates
from .enough import too_few
from .panel import Panel
from .simultaneous import better, means


@dataclass(frozen=True)
class Place:
    """The rank of one method; null, with the reason, where there is not enough data.

    Attributes
    ----------
    mean
        Over patients and seeds for which all methods have a score.
    low, high
        95 % interval of it for other patients and other seeds, cut where the metric ends.
    rank
        1 for the best mean; equal means share it.
    rank_low, rank_high
        95 % interval of the rank, for all methods together: one more than are told apart as better, and the number of
        methods less those told apart as worse; see `stats.simultaneous`.
    best
        Share of the bootstrap draws in which no other method has a better mean; equal ones share a draw.
    tied
        Not told apart from the leader, by the same intervals; the leader is.
    """

    method: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    best: float | None = None
    tied: bool | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return {**asdict(self), "reason": self.reason or None}


def places(
    panel: Panel, metric: Metric = METRICS["dice"], fixed_seeds: bool = False, leader: str | None = None
) -> list[Place]:
    """All methods of a panel, best first; a method without any score is left out of the others' ranks.

    Parameters
    ----------
    metric
        What the scores are.
    fixed_seeds
        Take the trained models as they are: nothing is then said of other training runs.
    leader
        Whom `tied` compares with; None: the best mean.
    """
    scored = [method for method in panel.methods if np.isfinite(panel.row(method)).any()]
    empty = [Place(method, reason="no case has a score") for method in panel.methods if method not in scored]
    if len(scored) < 2:
        return [Place(method, reason="nothing to compare with") for method in scored] + empty
    values = panel.common(scored)
    known = np.isfinite(values[0])
    reason = too_few(int(known.any(1).sum()), int(known.any(0).sum()), fixed_seeds)
    if reason:
        return [Place(method, reason=reason) for method in scored] + empty
    return _places(scored, values, metric, fixed_seeds, leader) + empty


def _places(
    methods: Sequence[str], values: np.ndarray, metric: Metric, fixed_seeds: bool, leader: str | None
) -> list[Place]:
    sign = 1.0 if metric.direction == "higher" else -1.0
    # best first, since each gets draws of its own: whatever the order they come in
    order = np.argsort(-sign * np.nanmean(values, axis=(1, 2)), kind="stable")
    methods, estimates = [methods[at] for at in order], Estimates.of(sign * values[order], fixed_seeds)
    mean, (low, high) = sign * estimates.mean, np.sort(sign * estimates.intervals(), axis=0)
    apart = better(estimates)
    # rounding errors are no differences
    own, drawn = np.round(estimates.mean, 12), np.round(means(estimates), 12)
    first = drawn == drawn.max(0)
    chances = (first / first.sum(0)).mean(1)
    best = methods.index(leader) if leader in methods else int(own.argmax())
    found = [
        Place(
            method,
            float(mean[at]),
            *metric.within(float(low[at]), float(high[at])),
            rank=1 + int((own > own[at]).sum()),
            rank_low=1 + int(apart[:, at].sum()),
            rank_high=len(methods) - int(apart[at].sum()),
            best=float(chances[at]),
            tied=not (apart[at, best] or apart[best, at]),
        )
        for at, method in enumerate(methods)
    ]
    return sorted(found, key=lambda place: place.rank or 0)
