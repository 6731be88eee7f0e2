"""Labels moved, turned and scaled."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from ..benchmark.plugin import Corruption, NoiseModel, param
from ..benchmark.plugin.ranges import NonNegativeRange


class Affine(NoiseModel):
    """Shifts, turns and scales the label: a registration that slipped, or an annotation saved with a wrong geometry.

    All classes of a case move together about the centre of the foreground, by nearest neighbour. Direction,
    sense of rotation, and growth or shrinkage are drawn with equal chance. Angles are true for any spacing.
    What comes in from beyond the image is background.

    Notes of the record: shift per axis in voxels, angle in degrees, factor.
    """

    name = "affine"
    citation = "Li et al., Superpixel-guided iterative learning from noisy labels for medical image segmentation, 2021"
    severity_params = ("shift", "rotation", "scale")

    class Params(NoiseModel.Params):
        """How far the label moves; each is drawn uniformly for every case."""

        shift: NonNegativeRange = param((2.0, 6.0), unit="voxel or mm", help="length of the shift")
        rotation: NonNegativeRange = param((0.0, 15.0), unit="degree", help="angle, to either side")
        scale: NonNegativeRange = param((0.0, 0.1), help="relative growth or shrinkage: 0.1 is by a factor of 1.1")
        unit: Literal["voxel", "mm"] = param("voxel", help="unit of the shift; mm honours anisotropic spacing")
        mode: Literal["slice", "volume"] = param("slice", help="move within the slices' plane, or in 3-D")
        axis: int = param(-1, ge=-3, le=2, help="axis of a volume along which its slices lie")

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        p, steps = self.params, np.array(spacing)
        still = [p.axis % 3] if p.mode == "slice" and label.ndim == 3 else []
        moving = np.array([i not in still for i in range(label.ndim)])
        shift = rng.uniform(*p.shift) * _direction(moving, rng) * (steps if p.unit == "voxel" else 1)
        angle = float(rng.uniform(*p.rotation) * rng.choice((-1, 1)))
        factor = float((1 + rng.uniform(*p.scale)) ** rng.choice((-1, 1)))
        back = np.linalg.inv(_turn(angle, moving, rng) * np.where(moving, factor, 1))
        centre = np.argwhere(label).mean(axis=0) * steps if label.any() else np.zeros(label.ndim)
        matrix, offset = back * steps / steps[:, None], (centre - back @ (centre + shift)) / steps
        moved = affine_transform(label, matrix, offset, order=0, mode="constant")
        return Corruption(moved, {"shift_voxels": (shift / steps).tolist(), "angle": angle, "factor": factor})


def _direction(moving: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A unit vector within the moving axes."""
    vector = rng.standard_normal(len(moving)) * moving
    unit: np.ndarray = vector / np.linalg.norm(vector)
    return unit


def _turn(angle: float, moving: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotation matrix, by degrees: in the plane of two moving axes, else about a random axis."""
    pivot = _direction(moving, rng) if moving.all() and len(moving) == 3 else np.append(~moving, len(moving) == 2)[:3]
    matrix: np.ndarray = Rotation.from_rotvec(angle * pivot, degrees=True).as_matrix()
    return matrix[: len(moving), : len(moving)]
