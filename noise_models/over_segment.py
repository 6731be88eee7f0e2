"""Contours drawn too generously."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._distance import distance_outside, reach
from ._one_sided import OneSided


class OverSegment(OneSided):
    """Draws every contour outside the true one: the generous annotator who would rather not cut into a lesion.

    The margin is never negative and varies smoothly along the contour, other than in `erode-dilate`. Only
    background is claimed, where two classes reach it by the lower value.

    Notes of the record: per class the mean margin.
    """

    name = "over-segment"
    citation = "Zhang et al., Disentangling human error from ground truth in segmentation of medical images, 2020"
    severity_params = ("radius",)

    class Params(OneSided.Params):
        """The margin."""

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        radius, margin = self.margin(mask.shape, spacing, rng)
        grown = mask.copy()
        for part in np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1)):
            limit = reach(margin[part])
            grown[part] |= distance_outside(mask[part], spacing, "disc", float(limit.max())) <= limit
        return grown, {"margin": radius}
