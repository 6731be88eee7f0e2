"""Labels warped smoothly."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.ndimage import map_coordinates

from ..benchmark.plugin import Corruption, NoiseModel, param
from ..benchmark.plugin.ranges import NonNegativeRange
from ._fields import smooth_noise
from ._stack import as_stack, part_spacing


class Elastic(NoiseModel):
    """Warps the label by a smooth random displacement: contours that wander off the edge and come back.

    So does an annotation that was traced by eye, or carried over by a deformable registration. All classes
    move together, by nearest neighbour; slices are warped each by a field of its own in `slice` mode.

    Notes of the record: the amplitude.
    """

    name = "elastic"
    citation = "Simard et al., Best practices for convolutional neural networks applied to visual documents, 2003"
    severity_params = ("amplitude",)

    class Params(NoiseModel.Params):
        """How far and how smoothly the label is warped."""

        amplitude: NonNegativeRange = param(
            (3.0, 6.0), unit="voxel or mm", help="root mean square of the displacement, drawn for every case"
        )
        smoothness: float = param(
            8.0, gt=0, unit="voxel or mm", help="standard deviation of the Gaussian that smooths the displacement"
        )
        unit: Literal["voxel", "mm"] = param("voxel", help="unit of lengths; mm honours anisotropic spacing")
        mode: Literal["slice", "volume"] = param("slice", help="warp each slice in its plane, or the volume in 3-D")
        axis: int = param(-1, ge=-3, le=2, help="axis of a volume along which its slices lie")

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        p = self.params
        axis = p.axis if p.mode == "slice" else None
        clean, corrupted = as_stack(label, axis), np.zeros_like(label)
        steps = part_spacing(spacing, axis)
        steps = steps if p.unit == "mm" else (1.0,) * len(steps)
        amplitude = float(rng.uniform(*p.amplitude))
        places = np.indices(clean.shape, dtype=float)
        for place, step in zip(places[1:], steps):
            field = smooth_noise(clean.shape, p.smoothness, steps, rng)
            place += field * amplitude / (step * np.sqrt(len(steps)))
        as_stack(corrupted, axis)[...] = map_coordinates(clean, places, order=0, mode="nearest")
        return Corruption(corrupted, {"amplitude": amplitude})
