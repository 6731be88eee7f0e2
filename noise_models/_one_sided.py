"""A margin that varies along the contour, all of it to one side."""

from __future__ import annotations

import numpy as np

from ..benchmark.plugin import param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._class_wise import ContourModel
from ._fields import smooth_noise


class OneSided(ContourModel):
    """Draws the margin of `over-segment` and `under-segment`."""

    class Params(ContourModel.Params):
        """The margin."""

        radius: NonNegativeRange = param(
            (2.0, 5.0), unit="voxel or mm", help="mean margin, drawn for every class of a case; 0 changes nothing"
        )
        variation: float = param(
            0.5, ge=0, help="standard deviation of the margin along the contour, relative to its mean"
        )
        smoothness: float = param(
            8.0, gt=0, unit="voxel or mm", help="standard deviation of the Gaussian that smooths the variation"
        )

    def margin(
        self, shape: tuple[int, ...], spacing: tuple[float, ...], rng: np.random.Generator
    ) -> tuple[float, np.ndarray]:
        """Mean margin, and the margin at every voxel: float64 `[parts, *part]`, 0 or more."""
        p = self.params
        radius = float(rng.uniform(*p.radius))
        field = smooth_noise(shape, p.smoothness, spacing, rng)
        return radius, radius * np.clip(1 + p.variation * field, 0, None)
