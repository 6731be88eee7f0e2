"""Exact distances to a mask, by which it is eroded and dilated.

With `distance(x, M)` the smallest distance of a voxel centre x to those of M, dilation by r is
`distance(x, M) <= r` and erosion is `distance(x, not M) > r`: exact duals for any spacing, and nested in r.
What lies beyond the image is unknown, not background: nothing is eroded from the image's border.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects

FloatOrArray = TypeVar("FloatOrArray", float, np.ndarray)
Element = Literal["disc", "square", "cross"]
"""Ball of the norm by which distance is taken: Euclidean, greatest and summed coordinate difference."""

TOLERANCE = 1e-9
"""Relative; so that three steps of 0.625 mm are within 1.875 mm whatever the rounding."""


def reach(radius: FloatOrArray) -> FloatOrArray:
    """The radius (or radii) with which distances are compared."""
    return radius * (1 + TOLERANCE)


def distance_outside(mask: np.ndarray, spacing: tuple[float, ...], element: Element, limit: float) -> np.ndarray:
    """Distance from every voxel to the mask: float64, 0 inside, exact up to `limit`, larger or inf beyond.

    Parameters
    ----------
    mask
        bool, any number of axes.
    spacing
        Per axis, in the unit of `limit`.
    """
    out = np.full(mask.shape, np.inf)
    margins = [int(limit / step) + 1 for step in spacing]
    box = _box(mask, margins)
    if box is not None:
        out[box] = _distance(mask[box], spacing, element, limit)
    return out


def depth_inside(mask: np.ndarray, spacing: tuple[float, ...], element: Element, limit: float) -> np.ndarray:
    """Distance from every voxel of the mask to the nearest voxel outside: float64, 0 outside.

    Exact up to `limit`, larger or inf beyond; inf where the mask fills the image.
    """
    out = np.zeros(mask.shape)
    box = _box(mask, [1] * mask.ndim)
    if box is not None:
        out[box] = _distance(~mask[box], spacing, element, limit)
    return out


def _box(mask: np.ndarray, margins: list[int]) -> tuple[slice, ...] | None:
    found = find_objects(mask.view(np.uint8), max_label=1)[0]
    if found is None:
        return None
    return tuple(slice(max(s.start - margin, 0), s.stop + margin) for s, margin in zip(found, margins))


def _distance(target: np.ndarray, spacing: tuple[float, ...], element: Element, limit: float) -> np.ndarray:
    if not target.any():
        return np.full(target.shape, np.inf)
    if element == "disc":
        euclidean: np.ndarray = distance_transform_edt(~target, sampling=spacing)
        return euclidean
    combine = np.maximum if element == "square" else np.add
    distance = np.where(target, 0.0, np.inf)
    for axis, step in enumerate(spacing):
        _sweep(np.moveaxis(distance, axis, 0), step, int(limit / step) + 1, combine)
    return distance


def _sweep(distance: np.ndarray, step: float, reach: int, combine: np.ufunc) -> None:
    """Extend distances by the first axis, in place: over all shifts k up to `reach`, combine(distance, k step)."""
    before = distance.copy()
    for k in range(1, min(reach, len(distance) - 1) + 1):
        near = combine(before, k * step)
        np.minimum(distance[k:], near[:-k], out=distance[k:])
        np.minimum(distance[:-k], near[k:], out=distance[:-k])
