"""Contours drawn too tightly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._distance import depth_inside, reach
from ._one_sided import OneSided


class UnderSegment(OneSided):
    """Draws every contour inside the true one: the cautious annotator who marks only what is beyond doubt.

    The margin is never negative and varies smoothly along the contour, other than in `erode-dilate`. What lies
    beyond the image takes nothing away. A class that the margin would remove from the case keeps its
    innermost voxels.

    Notes of the record: per class the mean margin, and whether only the innermost voxels were kept.
    """

    name = "under-segment"
    citation = "Zhang et al., Disentangling human error from ground truth in segmentation of medical images, 2020"
    severity_params = ("radius",)

    class Params(OneSided.Params):
        """The margin."""

    def redraw(
        self, mask: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        radius, margin = self.margin(mask.shape, spacing, rng)
        excess = np.full(mask.shape, -np.inf)
        for part in np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1)):
            limit = reach(margin[part])
            depth = depth_inside(mask[part], spacing, "disc", float(limit.max()))
            excess[part] = np.where(mask[part], depth - limit, -np.inf)
        kept = excess > 0
        spent = not kept.any()
        return (excess == excess.max()) if spent else kept, {"margin": radius, "innermost_only": spent}
