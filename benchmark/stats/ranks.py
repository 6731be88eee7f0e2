"""Where each method may stand among the others, and how likely it is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..metrics import METRICS, Metric
from .bootstrap import LEVEL, Estimates
from .enough import too_few
from .panel import Panel


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
        95 % interval of the rank.
    best
        Share of the bootstrap draws in which no other method has a better mean; equal ones share a draw.
    tied
        Whether the 95 % interval of the paired difference to the leader holds 0; the leader is.
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
    estimates = Estimates.of(values, fixed_seeds)
    sign = 1.0 if metric.direction == "higher" else -1.0
    drawn = sign * estimates.draws()
    ranks = _ranks(drawn)
    best = methods.index(leader) if leader in methods else int((sign * estimates.mean).argmax())
    own = _ranks(sign * estimates.mean[None])[0]
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    intervals = np.quantile(sign * drawn, tails, axis=0)
    # rounding errors tell nobody apart
    gaps = np.round(np.quantile(drawn - drawn[:, [best]], tails, axis=0), 12)
    spans = np.quantile(ranks, tails, axis=0, method="inverted_cdf")
    first = ranks == 1
    shares = (first / first.sum(1, keepdims=True)).mean(0)
    found = [
        Place(
            method,
            float(estimates.mean[at]),
            *metric.within(float(intervals[0, at]), float(intervals[1, at])),
            int(own[at]),
            int(spans[0, at]),
            int(spans[1, at]),
            float(shares[at]),
            bool(gaps[0, at] <= 0 <= gaps[1, at]),
        )
        for at, method in enumerate(methods)
    ]
    return sorted(found, key=lambda place: place.rank or 0)


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Ranks along the rows, 1 for the highest; equal scores share the best."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-np.round(scores, 12), method="min", axis=1)).astype(int)
