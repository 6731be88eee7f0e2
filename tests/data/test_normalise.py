"""Intensity normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench.benchmark.data.normalise import normalise
from nsbench.benchmark.plugin import Normalisation

IMAGE = np.stack([np.arange(12).reshape(3, 4), 1e4 + 7 * np.arange(12).reshape(3, 4)]).astype(np.float32)


def test_each_channel_gets_zero_mean_and_unit_variance() -> None:
    found = normalise(IMAGE, "zscore")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean((1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(found.std((1, 2)), 1, atol=1e-6)


def test_zeros_stay_out_of_zscore_nonzero() -> None:
    found = normalise(IMAGE, "zscore-nonzero")
    assert found[0, 0, 0] == 0
    assert found[0].ravel()[1:].mean() == pytest.approx(0, abs=1e-6)
    assert found[0].ravel()[1:].std() == pytest.approx(1, abs=1e-6)


def test_minmax_and_none() -> None:
    found = normalise(IMAGE, "minmax")
    assert (found.min(), found.max()) == (0, 1)
    np.testing.assert_array_equal(normalise(IMAGE, "none"), IMAGE)


@pytest.mark.parametrize("how", ["zscore", "zscore-nonzero", "minmax"])
@pytest.mark.parametrize("level", [0, 5])
def test_constant_channels_become_zero(how: Normalisation, level: float) -> None:
    assert not normalise(np.full((1, 3, 4), level, np.float32), how).any()


def test_raw_values_of_any_type() -> None:
    for dtype in (np.uint8, np.int16, np.float64):
        np.testing.assert_allclose(
            normalise(IMAGE[:1].astype(dtype), "zscore"), normalise(IMAGE[:1], "zscore"), atol=1e-6
        )
