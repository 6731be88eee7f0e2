"""What holds for any pair of masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nsbench.benchmark.metrics import score_case
from nsbench.benchmark.metrics.surface import SURFACE_METRICS, Surface

SYMMETRIC = ("dice", "iou", "assd", "adb", "hd", "hd95", "hd95_max")


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two non-empty masks of one shape, 2-D or 3-D."""
    shape = draw(array_shapes(min_dims=2, max_dims=3, max_side=7))
    prediction, truth = (draw(arrays(bool, shape)) for _ in range(2))
    assume(prediction.any() and truth.any())
    return prediction, truth


def score(prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...] | None = None) -> dict[str, Any]:
    (row,) = score_case(prediction, truth, spacing, 2)
    return row


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_symmetry_and_ranges(pair: tuple[np.ndarray, np.ndarray]) -> None:
    row, mirrored = score(*pair), score(*pair[::-1])
    for name in SYMMETRIC:
        assert row[name] == pytest.approx(mirrored[name])
    assert 0 <= row["iou"] <= row["dice"] <= 1
    assert row["dice"] == pytest.approx(2 * row["iou"] / (1 + row["iou"]))
    assert max(row["asd"], row["assd"], row["adb"], row["hd95"], row["hd95_max"]) <= row["hd"] <= row["diagonal"] + 1e-9


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_zero_means_that_the_surfaces_agree(pair: tuple[np.ndarray, np.ndarray]) -> None:
    row = score(*pair)
    prediction, truth = (Surface.of(mask).mask for mask in pair)
    assert (row["asd"] == 0) == bool(np.all(truth[prediction]))
    assert (row["hd"] == 0) == bool(np.array_equal(prediction, truth))
    assert (row["dice"] == 1) == bool(np.array_equal(*pair))


@settings(max_examples=40, deadline=None)
@given(pairs(), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=3))
def test_translation_changes_nothing(pair: tuple[np.ndarray, np.ndarray], margins: list[tuple[int, int]]) -> None:
    row, moved = score(*pair), score(*(np.pad(mask, margins[: mask.ndim]) for mask in pair))
    for name in (*SYMMETRIC, "asd", "tp", "fp", "fn"):
        assert moved[name] == pytest.approx(row[name])


@settings(max_examples=40, deadline=None)
@given(pairs(), st.floats(0.1, 10), st.lists(st.floats(0.2, 8), min_size=3, max_size=3))
def test_millimetres_scale_with_spacing(
    pair: tuple[np.ndarray, np.ndarray], factor: float, spacing: list[float]
) -> None:
    ndim = pair[0].ndim
    row = score(*pair, tuple(spacing[:ndim]))
    scaled = score(*pair, tuple(factor * size for size in spacing[:ndim]))
    cubes = score(*pair, (factor,) * ndim)
    for name in SURFACE_METRICS:
        assert scaled[f"{name}_mm"] == pytest.approx(factor * row[f"{name}_mm"])
        assert cubes[f"{name}_mm"] == pytest.approx(factor * cubes[name])
