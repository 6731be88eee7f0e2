"""Distances between the surfaces of two masks.

A surface voxel is a voxel of the mask with a face neighbour outside it; what lies beyond the image is
outside (MedPy with connectivity 1, and MONAI). Distances run between voxel centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

SURFACE_METRICS = ("asd", "assd", "adb", "hd", "hd95", "hd95_max")

_VOXELS_PER_QUERY = 25
"""Nearest neighbours of more than 1 in 25 voxels cost more in a tree than in a transform of the whole grid."""


@dataclass(frozen=True)
class Surface:
    """Surface of a mask, as a mask and as points.

    Attributes
    ----------
    mask
        bool `[*spatial]`.
    points
        float64 `[n, ndim]`, the same voxels by index.
    """

    mask: np.ndarray
    points: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray) -> Surface:
        """Extract the surface of a bool mask."""
        border = mask & ~_eroded(mask)
        index = np.unravel_index(np.flatnonzero(border), border.shape)
        return cls(border, np.stack(index, axis=1).astype(np.float64))


def directed_distances(start: Surface, goal: Surface, sampling: tuple[float, ...]) -> np.ndarray:
    """Distance from every voxel of one surface to the nearest voxel of the other.

    Parameters
    ----------
    start, goal
        Surfaces on one grid, neither empty.
    sampling
        Size of a voxel along each axis: the unit of the result.

    Returns
    -------
    float64 `[n]`, one distance per voxel of `start`, in no particular order.
    """
    if len(start.points) * _VOXELS_PER_QUERY > start.mask.size:
        field = np.asarray(distance_transform_edt(~goal.mask, sampling=sampling))
        return np.extract(start.mask, field)
    tree = KDTree(goal.points * sampling, leafsize=40, balanced_tree=False, compact_nodes=False)
    return np.asarray(tree.query(start.points * sampling)[0])


def surface_metrics(prediction: Surface, truth: Surface, sampling: tuple[float, ...]) -> dict[str, float]:
    """All surface metrics of two non-empty surfaces, in the unit of `sampling`.

    Returns
    -------
    By name: `asd` mean from prediction to truth (MedPy `asd`, MONAI's default average surface distance);
    `assd` mean of both directions pooled (MedPy `assd`, MONAI `symmetric=True`);
    `adb` mean of the two directed means, the average distance of boundaries of the HVSMR challenge
    (Covalic's `Adb`), which weighs both directions alike however many voxels each surface has;
    `hd` maximum of both directions; `hd95` 95th percentile of both directions pooled (MedPy `hd95`);
    `hd95_max` the larger of the two directed 95th percentiles (MONAI; Wang et al. 2020, Eq. 10-11).
    """
    there = directed_distances(prediction, truth, sampling)
    back = directed_distances(truth, prediction, sampling)
    pooled = np.concatenate([there, back])
    return {
        "asd": float(there.mean()),
        "assd": float(pooled.mean()),
        "adb": float(there.mean() + back.mean()) / 2,
        "hd": float(pooled.max()),
        "hd95": float(np.percentile(pooled, 95)),
        "hd95_max": float(max(np.percentile(there, 95), np.percentile(back, 95))),
    }


def undefined_surface_metrics() -> dict[str, float]:
    """What the surface metrics are where one of the masks is empty: NaN."""
    return dict.fromkeys(SURFACE_METRICS, nan)


def _eroded(mask: np.ndarray) -> np.ndarray:
    """The voxels whose face neighbours all belong to the mask."""
    padded = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(mask.ndim):
        for side in (slice(None, -2), slice(2, None)):
            window = [slice(1, -1)] * mask.ndim
            window[axis] = side
            inner &= padded[tuple(window)]
    return inner
