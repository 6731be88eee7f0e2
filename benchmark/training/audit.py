"""What only the harness can know: whether a method's weights find the true corruption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata
from torch import Tensor

from ..plugin.batch import Batch

MAX_VOXELS = 20_000
NOT_SCORED = 255
"""In place of a clean label: no part of the audit."""


def auroc(scores: np.ndarray, positive: np.ndarray) -> float | None:
    """Area under the ROC curve by ranks (ties count half); None when a class is absent."""
    count = int(positive.sum())
    if count in (0, positive.size):
        return None
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (positive.size - count)))


def without_ignored(
    truth: Mapping[str, np.ndarray], ignored: Mapping[str, np.ndarray], hidden: Iterable[str]
) -> dict[str, np.ndarray]:
    """Clean labels with `NOT_SCORED` where the label file of a case leaves voxels out.

    Of the hidden cases: of the others the batches say it, whose masks the method sees.
    """
    return {**truth, **{i: np.where(ignored[i], np.uint8(NOT_SCORED), truth[i]) for i in hidden if i in ignored}}


def audit_trust(weights: Tensor, batch: Batch, truth: Tensor, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Share kept and AUROC of a method's weights against the true corruption of this batch.

    The share kept is the mean weight: that of the voxels learned from where weights are 0 or 1; 1, and possibly
    above 1 in a class, where a method normalises them to mean 1 (`reweighting`, `pick-and-learn`). Weights `[B]`, of
    cases, are those of all their voxels, of which only the wrong ones count as corrupted.

    Parameters
    ----------
    weights
        `[B, *spatial]` or `[B]`, higher for more trusted.
    truth
        Clean labels `[B, *spatial]`, or `NOT_SCORED`.
    classes
        Foreground class names; rows are `all` and one per observed class, background included.
    """
    if weights.ndim == 1:
        weights = weights.view(-1, *[1] * (batch.label.ndim - 1)).expand_as(batch.label)
    truth = truth.to(batch.label.device)
    usable = batch.valid.bool() & batch.labeled.view(-1, *[1] * (batch.label.ndim - 1)) & (truth != NOT_SCORED)
    values = weights[usable].float().cpu().numpy()
    observed = batch.label[usable].cpu().numpy()
    right = observed == truth[usable].cpu().numpy()
    rows = [_row("all", values, right)]
    for value, name in enumerate(("background", *classes)):
        inside = observed == value
        if inside.any():
            rows.append(_row(name, values[inside], right[inside]))
    return rows


def _row(name: str, weights: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    step = max(len(weights) // MAX_VOXELS, 1)
    return {"class": name, "kept": float(weights.mean()), "auroc": auroc(weights[::step], right[::step])}


def agreement(prediction: np.ndarray, observed: np.ndarray, truth: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Counts on the corrupted voxels: `[agrees with the wrong label, with the right one, voxels]`."""
    wrong = (observed != truth) & valid
    return np.array(
        [(prediction[wrong] == observed[wrong]).sum(), (prediction[wrong] == truth[wrong]).sum(), wrong.sum()]
    )
