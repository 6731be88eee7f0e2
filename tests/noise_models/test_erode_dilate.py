"""What erode-dilate promises, on small labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nsbench.benchmark.plugin import Corruption
from nsbench.noise_models.erode_dilate import ErodeDilate

ERODE, DILATE = {"erode_probability": 1}, {"erode_probability": 0}


def corrupt(label: np.ndarray, spacing: float | tuple[float, ...] = 1.0, seed: int = 0, **params: Any) -> Corruption:
    steps = (spacing,) * label.ndim if isinstance(spacing, float) else spacing
    model = ErodeDilate(ErodeDilate.Params(**params))
    return model.corrupt(label, steps, np.random.default_rng(seed), np.zeros((1, *label.shape), np.float32))


def ball(shape: tuple[int, ...], radius: float, value: int = 1) -> np.ndarray:
    offsets = [np.arange(n) - n // 2 for n in shape]
    squares = sum(axis**2 for axis in np.meshgrid(*offsets, indexing="ij"))
    return np.where(squares <= radius**2, value, 0).astype(np.uint8)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def two_discs() -> np.ndarray:
    label = np.zeros((40, 40), np.uint8)
    label[:15, :15], label[15:, 15:] = ball((15, 15), 3), ball((25, 25), 11, value=2)
    return label


@pytest.mark.parametrize("mode", ["slice", "volume"])
@pytest.mark.parametrize("operation", [ERODE, DILATE])
@pytest.mark.parametrize("element", ["disc", "square", "cross"])
def test_realised_dice_falls_with_the_radius(mode: str, operation: dict[str, Any], element: str) -> None:
    clean = ball((33, 33, 27), 11)
    scores = []
    for radius in range(6):
        label = corrupt(clean, radius=radius, mode=mode, element=element, **operation).label
        if operation is ERODE:
            assert not (label > clean).any()
        else:
            assert not (label < clean).any()
        scores.append(dice(clean > 0, label > 0))
    assert scores[0] == 1
    assert all(np.diff(scores) < 0)


def test_slice_mode_changes_each_slice_as_if_it_were_an_image() -> None:
    clean = ball((20, 18, 14), 5)
    label = corrupt(clean, (1.0, 1.5, 4.0), radius=3, unit="mm", **DILATE).label
    for k in range(clean.shape[2]):
        alone = corrupt(clean[..., k], (1.0, 1.5), radius=3, unit="mm", **DILATE).label
        np.testing.assert_array_equal(label[..., k], alone)
    assert (label.any((0, 1)) == clean.any((0, 1))).all()
    spilt = corrupt(clean, (1.0, 1.5, 4.0), radius=4, unit="mm", mode="volume", **DILATE).label
    assert spilt.any((0, 1)).sum() == clean.any((0, 1)).sum() + 2


def test_axis_names_the_slices() -> None:
    clean, steps = ball((20, 18, 12), 5), (1.0, 1.5, 4.0)
    turned = corrupt(np.moveaxis(clean, 2, 0), (4.0, 1.0, 1.5), radius=2.5, unit="mm", axis=0).label
    np.testing.assert_array_equal(np.moveaxis(turned, 0, 2), corrupt(clean, steps, radius=2.5, unit="mm").label)


def test_the_border_of_the_image_erodes_nothing() -> None:
    clean = np.zeros((10, 12), np.uint8)
    clean[:, :6] = 1
    label = corrupt(clean, radius=2, **ERODE).label
    assert label[:, :4].all()
    assert not label[:, 4:].any()
    filled = np.ones((10, 12), np.uint8)
    result = corrupt(filled, radius=4, **ERODE)
    np.testing.assert_array_equal(result.label, filled)
    assert result.notes["vanished"] == {}


def test_background_stays_background() -> None:
    clean = np.zeros((8, 9, 7), np.uint8)
    for seed in range(4):
        result = corrupt(clean, seed=seed)
        assert not result.label.any()
        assert result.notes == {"unit": "voxel", "classes": {}, "vanished": {}}


def test_a_class_that_would_vanish() -> None:
    clean = two_discs()
    results = {policy: corrupt(clean, radius=8, vanish=policy, **ERODE) for policy in ("keep", "shrink", "allow")}
    for result in results.values():
        assert result.notes["classes"] == {c: {"operation": "erode", "radius": 8.0} for c in "12"}
        assert 0 < (result.label == 2).sum() < (clean == 2).sum()
    np.testing.assert_array_equal(results["keep"].label == 1, clean == 1)
    assert not (results["allow"].label == 1).any()
    survived = [r for r in range(9) if (corrupt(clean, radius=r, vanish="allow", **ERODE).label == 1).any()]
    largest = corrupt(clean, radius=survived[-1], **ERODE).label
    np.testing.assert_array_equal(results["shrink"].label == 1, largest == 1)
    assert results["keep"].notes["vanished"] == {"1": {"policy": "keep"}}
    assert results["shrink"].notes["vanished"] == {"1": {"policy": "shrink", "radius": survived[-1]}}
    assert results["allow"].notes["vanished"] == {"1": {"policy": "allow"}}


@pytest.mark.parametrize("element", ["disc", "square", "cross"])
def test_shrinking_by_real_radii_leaves_the_innermost_voxels(element: str) -> None:
    clean = ball((21, 21), 6.4)
    result = corrupt(clean, 0.7, radius=50.5, unit="mm", element=element, **ERODE)
    radius = result.notes["vanished"]["1"]["radius"]
    assert result.label.any()
    again = corrupt(clean, 0.7, radius=radius, unit="mm", element=element, vanish="allow", **ERODE)
    np.testing.assert_array_equal(again.label, result.label)
    next_step = corrupt(clean, 0.7, radius=radius + 0.7, unit="mm", element=element, vanish="allow", **ERODE)
    assert not next_step.label.any()


def test_a_slice_may_lose_its_structure_while_the_case_keeps_it() -> None:
    clean = ball((31, 31, 25), 10)
    result = corrupt(clean, radius=6, **ERODE)
    held = clean.any((0, 1))
    assert result.label.any((0, 1)).sum() < held.sum()
    assert result.notes["vanished"] == {}


def test_a_draw_for_each_slice() -> None:
    clean = ball((31, 31, 15), 7)
    result = corrupt(clean, radius="1..4", per="slice", seed=3)
    note = result.notes["classes"]["1"]
    assert note["slices"] == np.flatnonzero(clean.any((0, 1))).tolist()
    assert set(note["operation"]) == {"erode", "dilate"}
    assert len(set(note["radius"])) > 1
    for k, operation, radius in zip(*(note[key] for key in ("slices", "operation", "radius"))):
        chance = ERODE if operation == "erode" else DILATE
        alone = corrupt(clean[..., k], radius=radius, vanish="allow", **chance).label
        np.testing.assert_array_equal(result.label[..., k], alone)


def test_slices_drawn_too_large_shrink_to_one_radius_that_leaves_something() -> None:
    result = corrupt(ball((25, 25, 9), 4), radius="20..30", per="slice", **ERODE)
    assert result.notes["vanished"] == {"1": {"policy": "shrink", "radius": 4.0}}
    assert result.label.any()


def test_classes_that_touch_leave_a_gap_when_eroded_and_meet_half_way_when_dilated() -> None:
    clean = np.zeros((9, 30), np.uint8)
    clean[:, 5:10], clean[:, 10:15] = 1, 2
    np.testing.assert_array_equal(
        corrupt(clean, radius=1, **ERODE).label[4, 4:16], [0, 0, 1, 1, 1, 0, 0, 2, 2, 2, 0, 0]
    )
    apart = np.zeros((9, 30), np.uint8)
    apart[:, 5:10], apart[:, 15:20] = 2, 1
    np.testing.assert_array_equal(corrupt(apart, radius=4, **DILATE).label[4, 9:16], [2, 2, 2, 1, 1, 1, 1])


def test_joint_classes_share_their_draw_and_independent_ones_do_not() -> None:
    def notes(seed: int, classes: str) -> list[Any]:
        return list(corrupt(two_discs(), seed=seed, classes=classes).notes["classes"].values())

    assert all(a == b for a, b in (notes(seed, "joint") for seed in range(8)))
    apart = [notes(seed, "independent") for seed in range(8)]
    assert any(a["operation"] != b["operation"] for a, b in apart)
    assert any(a["radius"] != b["radius"] for a, b in apart)


@st.composite
def labels(draw: Callable[..., Any]) -> np.ndarray:
    shape = draw(array_shapes(min_dims=2, max_dims=3, min_side=3, max_side=7))
    coarse: np.ndarray = draw(arrays(np.uint8, shape, elements=st.integers(0, 3)))
    return np.repeat(coarse, 2, axis=0)


@settings(max_examples=60, deadline=None)
@given(
    label=labels(),
    seed=st.integers(0, 1000),
    params=st.fixed_dictionaries(
        {
            "radius": st.sampled_from([1, (0, 3), (0.5, 2.5)]),
            "unit": st.sampled_from(["voxel", "mm"]),
            "mode": st.sampled_from(["slice", "volume"]),
            "axis": st.sampled_from([0, -1]),
            "element": st.sampled_from(["disc", "square", "cross"]),
            "classes": st.sampled_from(["joint", "independent"]),
            "vanish": st.sampled_from(["keep", "shrink", "allow"]),
        }
    ),
)
def test_labels_stay_a_partition(label: np.ndarray, seed: int, params: dict[str, Any]) -> None:
    spacing = (0.8, 1.7, 2.3)[: label.ndim]
    before = label.copy()
    result = corrupt(label, spacing, seed, **params)
    np.testing.assert_array_equal(label, before)
    assert (result.label.dtype, result.label.shape) == (label.dtype, label.shape)
    assert set(np.unique(result.label)) <= {0, *np.unique(label)}
    for value, note in result.notes["classes"].items():
        clean, after = label == int(value), result.label == int(value)
        assert not (after & ~clean).any() if note["operation"] == "erode" else not (clean & ~after).any()
        assert after.any() or result.notes["vanished"][value]["policy"] == "allow"
    again = corrupt(label, spacing, seed, **params)
    np.testing.assert_array_equal(again.label, result.label)
    assert again.notes == result.notes


def test_draws_follow_the_range_and_the_probability() -> None:
    clean = ball((5, 5), 1)
    notes = [corrupt(clean, radius="2..5", erode_probability=0.3, seed=s).notes["classes"]["1"] for s in range(300)]
    assert {note["radius"] for note in notes} == {2.0, 3.0, 4.0, 5.0}
    assert 0.2 < np.mean([note["operation"] == "erode" for note in notes]) < 0.4
    real = [corrupt(clean, radius="2.5..5", seed=s).notes["classes"]["1"]["radius"] for s in range(50)]
    assert 2.5 <= min(real) < 3
    assert 4.5 < max(real) <= 5


def test_the_pint_preset_is_5_to_18_voxels_of_0_625_mm() -> None:
    clean = ball((64, 64), 22)
    np.testing.assert_array_equal(
        corrupt(clean, 0.625, preset="pint", seed=5).label,
        corrupt(clean, 0.625, radius=(5 * 0.625, 18 * 0.625), unit="mm", seed=5).label,
    )
    for voxels in (5, 12, 18):
        np.testing.assert_array_equal(
            corrupt(clean, 0.625, radius=voxels * 0.625, unit="mm", **ERODE).label,
            corrupt(clean, radius=voxels, **ERODE).label,
        )
