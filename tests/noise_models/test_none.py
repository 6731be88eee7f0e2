"""The control."""

from __future__ import annotations

import numpy as np

from nsbench.noise_models.none import NoNoise


def test_none_returns_the_clean_label_in_an_array_of_its_own() -> None:
    clean = np.random.default_rng(0).integers(0, 4, (5, 6, 7)).astype(np.uint8)
    result = NoNoise(NoNoise.Params()).corrupt(clean, (1.0, 1.0, 1.0), np.random.default_rng(0), clean[None])
    np.testing.assert_array_equal(result.label, clean)
    assert result.label.dtype == clean.dtype
    assert not np.shares_memory(result.label, clean)
