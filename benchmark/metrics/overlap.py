"""Overlap of two masks, from the counts of voxels they share and do not share."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np


@dataclass(frozen=True)
class Overlap:
    """How many voxels a prediction has right and wrong; counts of several cases may be added.

    Every ratio is NaN where it is undefined: never a perfect score.

    Attributes
    ----------
    tp, fp, fn
        Voxels in both masks, in the prediction alone, in the truth alone.
    """

    tp: int
    fp: int
    fn: int

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def prediction_voxels(self) -> int:
        """Size of the prediction."""
        return self.tp + self.fp

    @property
    def truth_voxels(self) -> int:
        """Size of the truth."""
        return self.tp + self.fn

    @property
    def dice(self) -> float:
        """2 tp / (2 tp + fp + fn), in [0, 1]; NaN where both masks are empty."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """tp / (tp + fp + fn), in [0, 1]; NaN where both masks are empty."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def rve(self) -> float:
        """|prediction - truth| / truth (Wang et al. 2020, Eq. 9), a fraction; NaN for an empty truth."""
        return _ratio(abs(self.fp - self.fn), self.truth_voxels)

    @property
    def empty(self) -> str:
        """Which of the masks has no voxel: `prediction`, `truth`, `both`, or `` for neither."""
        if self.prediction_voxels and self.truth_voxels:
            return ""
        if not self.prediction_voxels and not self.truth_voxels:
            return "both"
        return "truth" if self.prediction_voxels else "prediction"


def overlap(prediction: np.ndarray, truth: np.ndarray) -> Overlap:
    """Count the voxels of two bool masks of one shape."""
    shared = int(np.count_nonzero(prediction & truth))
    return Overlap(shared, int(np.count_nonzero(prediction)) - shared, int(np.count_nonzero(truth)) - shared)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else nan
