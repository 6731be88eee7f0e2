"""No corruption."""

from __future__ import annotations

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel


class NoNoise(NoiseModel):
    """The clean label itself: the control."""

    name = "none"
    citation = "No corruption; the control of every comparison."

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        return Corruption(label.copy())
