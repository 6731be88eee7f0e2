"""Intensity normalisation: once, and recorded."""

from __future__ import annotations

import numpy as np

from ..plugin.case import Normalisation


def normalise(image: np.ndarray, how: Normalisation) -> np.ndarray:
    """Normalise each channel of `[C, *spatial]`; a constant channel becomes 0.

    `zscore`: zero mean, unit variance; `zscore-nonzero`: of the non-zero voxels, zero stays zero;
    `minmax`: to [0, 1]; `none`: as it is.
    """
    image = np.asarray(image, dtype=np.float32)
    if how == "none":
        return image
    return np.stack([_channel(channel.astype(np.float64), how) for channel in image]).astype(np.float32)


def _channel(values: np.ndarray, how: Normalisation) -> np.ndarray:
    if how == "minmax":
        span = float(np.ptp(values))
        return (values - values.min()) / span if span else np.zeros_like(values)
    inside = values != 0 if how == "zscore-nonzero" else np.ones(values.shape, bool)
    spread = float(values[inside].std()) if inside.any() else 0.0
    if not spread:
        return np.zeros_like(values)
    return np.where(inside, (values - values[inside].mean()) / spread, 0.0)
