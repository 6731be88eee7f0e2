"""A made-up scanner: layers of tissue to an image, with the faults that real images have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from ._phantom_anatomy import Layer
from ._phantom_shapes import wave

_LEVELS = 1000.0


@dataclass(frozen=True)
class Site:
    """How one site's scanner differs from another's.

    Attributes
    ----------
    gain
        Intensity units per unit of signal.
    gamma
        Exponent on the signal: contrast between tissues.
    bias
        Amplitude of the smooth bias field, a fraction.
    noise
        Standard deviation of the Rician noise, a fraction of full signal.
    blur
        Standard deviation of the point spread, in voxels.
    stretch
        Factor on the spacing.
    """

    gain: float
    gamma: float
    bias: float
    noise: float
    blur: float
    stretch: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Site:
        """A random site."""
        return cls(
            gain=rng.uniform(0.6, 1.6),
            gamma=rng.uniform(0.85, 1.2),
            bias=rng.uniform(0.12, 0.3),
            noise=rng.uniform(0.06, 0.1),
            blur=rng.uniform(0.45, 0.75),
            stretch=rng.uniform(0.92, 1.1),
        )


def paint(layers: Sequence[Layer], width: float) -> tuple[np.ndarray, np.ndarray]:
    """Signal float32 and label uint8, both `[*spatial]`.

    A voxel that a surface cuts gets a mixture of the tissues on either side (partial volume), over
    a ramp of `width`; the label is the tissue that holds its centre.
    """
    signal = np.zeros(layers[0].distance.shape, np.float32)
    label = np.zeros(signal.shape, np.uint8)
    for layer in layers:
        share = np.clip(0.5 - layer.distance / np.float32(width), 0, 1)
        signal += share * (np.float32(layer.intensity) - signal)
        label[layer.distance < 0] = layer.label
    return signal, label


def acquire(signal: np.ndarray, x: np.ndarray, site: Site, rng: np.random.Generator) -> np.ndarray:
    """The image `[*spatial]` that a site's scanner makes of a signal, in whole intensity units.

    Rounding, as scanners do, also hides last-bit differences of floating-point arithmetic.
    """
    field = 1 + site.bias * (0.6 * wave(x, rng, 0.4) + 0.4 * wave(x, rng, 0.7))
    texture = gaussian_filter(rng.standard_normal(signal.shape, np.float32), 1.5)
    tissue = signal**site.gamma * (1 + 0.06 * texture / texture.std()) * field
    blurred = gaussian_filter(tissue, site.blur)
    real, imaginary = rng.normal(0, site.noise, (2, *signal.shape)).astype(np.float32)
    return np.rint(np.hypot(blurred + real, imaginary) * (_LEVELS * site.gain)).astype(np.float32)  # type: ignore[no-any-return]
