"""Single voxels of the wrong class."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel, param
from ._components import classes_of
from ._distance import distance_outside, reach


class PixelFlip(NoiseModel):
    """Flips single voxels to another class: a noisy brush, compression artefacts, an unclean automatic threshold.

    The symmetric noise of theory, which no human annotator makes: a control that tells robustness to
    independent errors from robustness to structured ones. A voxel becomes background or a class of the case.

    Notes of the record: the number of flipped voxels.
    """

    name = "pixel-flip"
    citation = "Ghosh et al., Robust loss functions under label noise for deep neural networks, AAAI 2017"
    severity_params = ("probability",)

    class Params(NoiseModel.Params):
        """Which voxels flip."""

        probability: float = param(0.2, ge=0, le=1, help="chance of a voxel to flip")
        where: Literal["boundary", "anywhere"] = param("boundary", help="near the boundary of a class, or anywhere")
        band: float = param(3.0, gt=0, unit="voxel or mm", help="greatest distance from the boundary, on both sides")
        unit: Literal["voxel", "mm"] = param("voxel", help="unit of the band; mm honours anisotropic spacing")

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        p = self.params
        values = np.array([0, *classes_of(label)], label.dtype)
        flips = rng.random(label.shape) < p.probability
        moves = rng.integers(1, max(len(values), 2), size=label.shape)
        if p.where == "boundary":
            flips &= self._near(label, values, spacing if p.unit == "mm" else (1.0,) * label.ndim)
        others = values[(np.searchsorted(values, label) + moves) % len(values)]
        corrupted = np.where(flips, others, label)
        return Corruption(corrupted, {"flipped": int((corrupted != label).sum())})

    def _near(self, label: np.ndarray, values: np.ndarray, steps: tuple[float, ...]) -> np.ndarray:
        """Voxels within the band of a voxel of another class."""
        near = np.zeros(label.shape, bool)
        limit = reach(self.params.band)
        for value in values:
            near |= (label == value) & (distance_outside(label != value, steps, "disc", limit) <= limit)
        return near
