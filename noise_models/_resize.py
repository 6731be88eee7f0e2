"""Erosion and dilation of the classes of a label, part by part of its stack (see `as_stack`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._distance import TOLERANCE, Element, depth_inside, distance_outside, reach


@dataclass(frozen=True)
class Resizing:
    """How one class changes.

    Attributes
    ----------
    erode
        bool `[parts]`: erode, else dilate.
    radius
        float64 `[parts]`, in the unit of `spacing`.
    spacing
        Of one part, per axis.
    """

    erode: np.ndarray
    radius: np.ndarray
    spacing: tuple[float, ...]
    element: Element

    def depth(self, mask: np.ndarray) -> np.ndarray:
        """Erosion keeps the voxels deeper than the radius: float64 `[parts, *part]`, inf in dilated parts."""
        depth = np.where(mask, np.inf, 0.0)
        for i in np.flatnonzero(self.erode):
            depth[i] = depth_inside(mask[i], self.spacing, self.element, self.radius[i])
        return depth

    def distance(self, mask: np.ndarray) -> np.ndarray:
        """Distance of the voxels that dilation reaches, else inf: float64 `[parts, *part]`."""
        distance = np.full(mask.shape, np.inf)
        for i in np.flatnonzero(~self.erode):
            away = distance_outside(mask[i], self.spacing, self.element, self.radius[i])
            distance[i] = np.where(away <= reach(self.radius[i]), away, np.inf)
        return distance


def deeper(depth: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """bool `[parts, *part]`: deeper than the radius of the part, `[parts]`."""
    kept: np.ndarray = depth > reach(radius.reshape(-1, *[1] * (depth.ndim - 1)))
    return kept


def largest_radius(depth: np.ndarray, whole: bool) -> float:
    """The largest radius, among whole numbers or at all, by which erosion leaves a voxel; `depth` is finite."""
    innermost = depth.max() * (1 - TOLERANCE)
    return float(np.ceil(innermost) - 1) if whole else float(depth[depth < innermost].max())


def dilate_free(clean: np.ndarray, result: np.ndarray, resizings: Mapping[int, Resizing]) -> None:
    """Give the background of `result`, in place, to the nearest class of `clean` whose dilation reaches it.

    At equal distance the class that comes first in `resizings` wins.
    """
    nearest = np.where(result == 0, np.inf, 0.0)
    for value, resizing in resizings.items():
        distance = resizing.distance(clean == value)
        closer = distance < nearest
        result[closer] = value
        nearest[closer] = distance[closer]
