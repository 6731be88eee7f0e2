"""Smooth random fields."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter


def smooth_noise(
    shape: tuple[int, ...], smoothness: float, spacing: tuple[float, ...], rng: np.random.Generator
) -> np.ndarray:
    """White noise smoothed within each part of a stack, to a root mean square of 1 there.

    Parameters
    ----------
    shape
        `[parts, *part]`.
    smoothness
        Standard deviation of the Gaussian, in the unit of `spacing`.
    spacing
        Of a part, per axis.

    Returns
    -------
    float64, of that shape.
    """
    noise = gaussian_filter(rng.standard_normal(shape), (0.0, *(smoothness / step for step in spacing)))
    squares: np.ndarray = np.mean(noise**2, axis=tuple(range(1, len(shape))), keepdims=True)
    field: np.ndarray = noise / np.sqrt(squares)
    return field
