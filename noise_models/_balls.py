"""Balls painted round voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def paint(mask: np.ndarray, centre: Sequence[int], radii: Sequence[float], spacing: tuple[float, ...]) -> None:
    """Set the voxels of `mask` that lie inside an ellipsoid, in place; a radius of 0 paints nothing.

    Parameters
    ----------
    centre
        Index of a voxel.
    radii
        Half axes, in the unit of `spacing`; the surface is not part of the ellipsoid.
    """
    if not min(radii) > 0:
        return
    reaches = [int(radius / step) + 1 for radius, step in zip(radii, spacing)]
    box = tuple(slice(max(c - r, 0), c + r + 1) for c, r in zip(centre, reaches))
    axes = np.ogrid[tuple(slice(s.start, min(s.stop, n)) for s, n in zip(box, mask.shape))]
    distance = sum(((x - c) * step / radius) ** 2 for x, c, step, radius in zip(axes, centre, spacing, radii))
    mask[box] |= distance < 1
