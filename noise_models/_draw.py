"""Draws from a range parameter."""

from __future__ import annotations

import numpy as np


def draw(bounds: tuple[float, float], rng: np.random.Generator, count: int, whole: bool) -> np.ndarray:
    """`count` uniform draws, float64 `[count]`.

    Parameters
    ----------
    bounds
        `(low, high)`.
    whole
        Draw whole numbers, both ends included; a range with a fractional end gives real numbers all the same.
    """
    if whole and is_whole(bounds):
        return rng.integers(int(bounds[0]), int(bounds[1]), size=count, endpoint=True).astype(np.float64)
    return rng.uniform(*bounds, size=count)


def is_whole(bounds: tuple[float, float]) -> bool:
    """Whether both ends are whole numbers."""
    return bounds[0].is_integer() and bounds[1].is_integer()
