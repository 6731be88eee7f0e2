"""Regression from sums: the same as from the voxels themselves."""

from __future__ import annotations

import numpy as np
import pytest

from nsbench.benchmark.analysis.regression import Moments, coefficients, r_squared, total

DRAW = np.random.default_rng(0)


def voxels(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of very different size, and two targets that partly follow from them."""
    features = DRAW.normal(3, 2, (count, 4)) * np.array([1e-3, 1, 100, 5])
    targets = features @ np.array([[100, 0], [1, 0.5], [0.01, 0], [0, 1]]) + DRAW.normal(size=(count, 2))
    return features, targets


def test_equals_least_squares_on_the_voxels() -> None:
    fitted, tested = voxels(500), voxels(300)
    weights = coefficients(
        total([Moments.of(fitted[0][:200], fitted[1][:200]), Moments.of(fitted[0][200:], fitted[1][200:])])
    )
    ones = [np.concatenate([features, np.ones((len(features), 1))], 1) for features, _ in (fitted, tested)]
    expected = np.linalg.lstsq(ones[0], fitted[1], rcond=None)[0]
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    missed = ((ones[1] @ expected - tested[1]) ** 2).sum(0) / ((tested[1] - tested[1].mean(0)) ** 2).sum(0)
    assert r_squared(weights, Moments.of(*tested)) == pytest.approx((1 - missed).mean())


def test_perfect_constant_and_idle_features() -> None:
    features = np.concatenate([DRAW.normal(size=(50, 1)), np.zeros((50, 1)), np.ones((50, 1))], 1)
    target = 2 * features[:, :1] + 1
    moments = Moments.of(features, target)
    assert moments.voxels == 50
    assert r_squared(coefficients(moments), moments) == pytest.approx(1)
    only_mean = Moments.of(features[:, 1:], target)
    assert r_squared(coefficients(only_mean), only_mean) == pytest.approx(0)


def test_a_label_that_does_not_vary_has_no_score() -> None:
    features = DRAW.normal(size=(50, 2))
    moments = Moments.of(features, np.zeros((50, 1)))
    assert r_squared(coefficients(moments), moments) is None
