"""Masks to measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def blobs() -> Callable[..., Pair]:
    """Make two overlapping label maps of smooth random blobs; they reach the border of the image."""

    def make(shape: tuple[int, ...], num_classes: int = 2, seed: int = 0) -> Pair:
        rng = np.random.default_rng(seed)
        fields = ndimage.gaussian_filter(rng.normal(size=(2, *shape)), (0, *(3,) * len(shape)))
        truth, noise = (field / field.std() for field in fields)
        edges = np.linspace(0.2, 1.5, num_classes - 1)
        return np.digitize(truth + 0.6 * noise, edges).astype(np.uint8), np.digitize(truth, edges).astype(np.uint8)

    return make
