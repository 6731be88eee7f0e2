"""One form for slice-wise and volumetric corruption: a stack of parts that are corrupted one by one."""

from __future__ import annotations

import numpy as np


def as_stack(volume: np.ndarray, axis: int | None) -> np.ndarray:
    """View `[parts, *part]` of an array: writing to it writes to the array.

    Parameters
    ----------
    volume
        2-D or 3-D.
    axis
        Slices along this axis of a 3-D array are the parts; None, or a 2-D array: the whole is one part.
    """
    if axis is None or volume.ndim == 2:
        return volume[np.newaxis]
    return np.moveaxis(volume, axis, 0)


def part_spacing(spacing: tuple[float, ...], axis: int | None) -> tuple[float, ...]:
    """Spacing of one part of `as_stack`, in the unit of `spacing`."""
    if axis is None or len(spacing) == 2:
        return spacing
    sliced = axis % len(spacing)
    return tuple(step for i, step in enumerate(spacing) if i != sliced)
