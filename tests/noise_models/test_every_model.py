"""What every noise model with a severity promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from .conftest import MODELS, REGISTRIES, SPACING, blobs, dice, run_model

LEVELS = (0.0, 0.25, 0.5, 1.0, 2.0)
LENGTHS = [name for name in MODELS if "unit" in REGISTRIES.noise.get(name).declared.params.model_fields]
SLICED = [name for name in MODELS if "mode" in REGISTRIES.noise.get(name).declared.params.model_fields]
PAIRS = [(name, ndim) for name in MODELS for ndim in (2, 3) if name != "slice-skip" or ndim == 3]


@st.composite
def labels(draw: Callable[..., Any]) -> np.ndarray:
    shape = draw(array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=6))
    coarse: np.ndarray = draw(arrays(np.uint8, shape, elements=st.integers(0, 3)))
    return np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)


def test_all_models_but_the_control_and_the_real_labels_have_a_severity() -> None:
    assert set(REGISTRIES.noise.names()) - set(MODELS) <= {"none", "real", "pseudo-label"}
    assert len(MODELS) >= 15


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=12, deadline=None)
@given(label=labels(), seed=st.integers(0, 1000))
def test_a_corrupted_label_is_a_partition_of_known_classes(name: str, label: np.ndarray, seed: int) -> None:
    if (name, label.ndim) not in PAIRS:
        return
    before = label.copy()
    first, again = run_model(name, label, seed), run_model(name, label, seed)
    np.testing.assert_array_equal(label, before)
    np.testing.assert_array_equal(first.label, again.label)
    assert first.notes == again.notes == json.loads(json.dumps(first.notes))
    assert (first.label.dtype, first.label.shape) == (label.dtype, label.shape)
    assert set(np.unique(first.label)) <= {0, *(np.unique(label).tolist() if label.any() else [1])}
    np.testing.assert_array_equal(run_model(name, label, seed, severity=0).label, label)


@pytest.mark.parametrize(("name", "ndim"), PAIRS)
def test_realised_dice_falls_with_severity(name: str, ndim: int) -> None:
    clean = blobs(ndim)
    scores = [[dice(clean, run_model(name, clean, seed, severity=s).label) for seed in range(8)] for s in LEVELS]
    means = np.mean(scores, axis=1)
    assert means[0] == 1
    assert means[-1] < 0.97
    # what a model can do is bounded (a triangle is the coarsest polygon), so that it may stay where it is
    assert (np.diff(means) < 0.003).all(), means
    assert means[1] > means[3] > means[4] - 0.003


@pytest.mark.parametrize("name", MODELS)
def test_seeds_differ(name: str) -> None:
    clean = blobs(3)
    assert len({run_model(name, clean, seed).label.tobytes() for seed in range(6)}) > 1


@pytest.mark.parametrize(("name", "ndim"), [pair for pair in PAIRS if pair[0] != "false-object"])
def test_an_empty_label_stays_empty(name: str, ndim: int) -> None:
    empty = np.zeros((9, 8, 7)[:ndim], np.uint8)
    assert not run_model(name, empty).label.any()


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_in_millimetres_are_relative_to_the_spacing(name: str) -> None:
    """All lengths and the spacing doubled give the same voxels; in voxels the spacing does not count."""
    clean, model = blobs(3), REGISTRIES.noise.get(name).load()
    lengths = {
        field: value
        for field, value in model.Params().model_dump().items()
        if "mm" in (model.Params.model_fields[field].json_schema_extra or {}).get("unit", "")
    }
    doubled = {field: np.multiply(value, 2).tolist() for field, value in lengths.items()}
    fine = run_model(name, clean, 3, SPACING, unit="mm", **lengths).label
    coarse = run_model(name, clean, 3, tuple(2 * step for step in SPACING), unit="mm", **doubled).label
    assert (fine != clean).any()
    np.testing.assert_array_equal(fine, coarse)
    one, other = (run_model(name, clean, 3, steps, unit="voxel").label for steps in ((1.0,) * 3, (2.0,) * 3))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [name for name in LENGTHS if name not in ("affine", "erode-dilate")])
def test_millimetres_are_voxels_where_a_voxel_is_a_millimetre(name: str) -> None:
    clean = blobs(3)
    # whole numbers of voxels are drawn as such
    real = {"radius": (2.5, 5.5)} if name in ("edge-distort", "false-object") else {}
    in_mm = run_model(name, clean, 5, (1.0,) * 3, unit="mm", **real).label
    np.testing.assert_array_equal(in_mm, run_model(name, clean, 5, (1.0,) * 3, unit="voxel", **real).label)


@pytest.mark.parametrize("name", [name for name in SLICED if name != "affine"])
def test_slices_lie_along_the_axis(name: str) -> None:
    clean = blobs(3)
    last = run_model(name, clean, 4, mode="slice").label
    turned = run_model(name, np.moveaxis(clean, 2, 0), 4, (2.5, 0.8, 1.3), mode="slice", axis=0).label
    np.testing.assert_array_equal(np.moveaxis(turned, 0, 2), last)
