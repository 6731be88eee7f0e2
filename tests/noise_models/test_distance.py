"""Distances, and erosion and dilation by them, against brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nsbench.noise_models._distance import Element, depth_inside, distance_outside, reach

NORMS: dict[Element, Any] = {
    "disc": lambda d: np.sqrt((d**2).sum(-1)),
    "square": lambda d: np.abs(d).max(-1),
    "cross": lambda d: np.abs(d).sum(-1),
}
GRIDS: list[tuple[tuple[int, ...], tuple[float, ...]]] = [
    ((9, 11), (1.0, 1.0)),
    ((8, 10), (0.625, 1.9)),
    ((6, 7, 5), (1.0, 1.0, 1.0)),
    ((6, 7, 5), (0.7, 1.3, 3.0)),
]


def brute_distance(target: np.ndarray, spacing: tuple[float, ...], element: Element) -> np.ndarray:
    """From every voxel to the nearest voxel of the target, over all pairs."""
    everywhere = np.argwhere(np.ones_like(target)) * spacing
    pairs = everywhere[:, None] - np.argwhere(target) * spacing
    nearest: np.ndarray = NORMS[element](pairs).min(axis=1)
    return nearest.reshape(target.shape)


@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
@pytest.mark.parametrize("element", list(NORMS))
@pytest.mark.parametrize("density", [0.03, 0.5, 0.97])
def test_distances_equal_brute_force(
    shape: tuple[int, ...], spacing: tuple[float, ...], element: Element, density: float
) -> None:
    mask = np.random.default_rng(1).random(shape) < density
    outside, depth = brute_distance(mask, spacing, element), brute_distance(~mask, spacing, element)
    np.testing.assert_allclose(distance_outside(mask, spacing, element, limit=100), outside, rtol=1e-12)
    np.testing.assert_allclose(depth_inside(mask, spacing, element, limit=100), depth, rtol=1e-12)


@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
@pytest.mark.parametrize("element", list(NORMS))
def test_a_limit_leaves_erosion_and_dilation_within_it_exact(
    shape: tuple[int, ...], spacing: tuple[float, ...], element: Element
) -> None:
    mask = np.zeros(shape, bool)
    mask[tuple(slice(0, n // 2 + 1) for n in shape)] = True
    outside, depth = brute_distance(mask, spacing, element), brute_distance(~mask, spacing, element)
    for radius in (0.0, spacing[0], 3 * spacing[0], 2.5, 4.0):
        dilated = distance_outside(mask, spacing, element, radius) <= reach(radius)
        eroded = depth_inside(mask, spacing, element, radius) > reach(radius)
        np.testing.assert_array_equal(dilated, outside <= radius * 1.000001)
        np.testing.assert_array_equal(eroded, depth > radius * 1.000001)
        background = distance_outside(~mask, spacing, element, radius) <= reach(radius)
        np.testing.assert_array_equal(eroded, ~background)


def test_three_steps_of_a_fractional_spacing_lie_within_their_own_sum() -> None:
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    for step in (0.1, 0.7, 0.3, 1.1):
        dilated = distance_outside(mask, (step, step), "disc", 3 * step) <= reach(3 * step)
        assert dilated[4].sum() == 7


@pytest.mark.parametrize("element", list(NORMS))
def test_an_empty_mask_is_infinitely_far_and_a_full_one_infinitely_deep(element: Element) -> None:
    empty = np.zeros((4, 5), bool)
    assert np.isinf(distance_outside(empty, (1.0, 1.0), element, 3)).all()
    assert np.isinf(depth_inside(~empty, (1.0, 1.0), element, 3)).all()
    assert not depth_inside(empty, (1.0, 1.0), element, 3).any()
