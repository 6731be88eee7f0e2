"""What the models that move, miss, invent or rename objects do, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label as number
from scipy.ndimage import rotate

from .conftest import Corrupt, blobs, dice


def spots(count: int = 40) -> np.ndarray:
    """Objects of 1, 2, 3 ... voxels."""
    label = np.zeros((2 * count, count + 1), np.uint8)
    for i in range(count):
        label[2 * i, : i + 1] = 1
    return label


def test_a_shift_in_millimetres(corrupt: Corrupt) -> None:
    clean, steps = blobs(3), (1.0, 2.0, 3.0)
    found = corrupt("affine", clean, 2, steps, shift=6, rotation=0, scale=0, unit="mm")
    moved = np.array(found.notes["shift_voxels"])
    assert np.linalg.norm(moved * steps) == pytest.approx(6)
    assert moved[2] == 0
    before, after = (np.argwhere(label == 2).mean(axis=0) for label in (clean, found.label))
    np.testing.assert_allclose(after - before, moved, atol=0.3)


def test_a_turn_is_a_turn_for_any_spacing(corrupt: Corrupt) -> None:
    fine = np.zeros((80, 80), np.uint8)
    fine[30:50, 15:65] = 1
    found = corrupt("affine", fine, 1, (1.0, 1.0), shift=0, rotation=30, scale=0)
    angle = found.notes["angle"]
    assert abs(angle) == pytest.approx(30)
    assert dice(rotate(fine, angle, reshape=False, order=0), found.label) > 0.97
    squeezed = corrupt("affine", fine[:, ::2].copy(), 1, (1.0, 2.0), shift=0, rotation=30, scale=0).label
    assert dice(found.label[:, ::2], squeezed) > 0.95


def test_a_factor_scales_the_area(corrupt: Corrupt) -> None:
    clean = np.zeros((90, 90), np.uint8)
    clean[30:60, 30:60] = 1
    found = corrupt("affine", clean, shift=0, rotation=0, scale=0.3)
    assert found.notes["factor"] in (1.3, pytest.approx(1 / 1.3))
    assert found.label.sum() == pytest.approx(900 * found.notes["factor"] ** 2, rel=0.05)


def test_elastic_displacement_has_the_amplitude(corrupt: Corrupt) -> None:
    stripes = (np.arange(120)[:, None] // 30 % 2 * np.ones((1, 120))).astype(np.uint8)
    changed = [(corrupt("elastic", stripes, seed, amplitude=4).label != stripes).mean() for seed in range(6)]
    # three edges in 120 rows move by a normal of standard deviation 4 / sqrt(2): 2.26 rows in the mean
    assert np.mean(changed) == pytest.approx(2.26 / 40, rel=0.25)


def test_omission_removes_whole_objects(corrupt: Corrupt) -> None:
    clean = spots()
    found = corrupt("omit-object", clean, probability=0.4)
    numbers, count = number(clean)
    kept = [np.unique(found.label[numbers == i + 1]).tolist() for i in range(count)]
    assert all(values in ([0], [1]) for values in kept)
    assert found.notes["classes"]["1"] == {"objects": 40, "missed": kept.count([0])}
    assert 8 < kept.count([0]) < 26


def test_small_objects_are_missed_first(corrupt: Corrupt) -> None:
    clean = spots()
    missed = np.mean([corrupt("omit-object", clean, s, probability=1, prefer="small").label for s in range(30)], axis=0)
    chances = 1 - missed[::2, 0]
    assert chances[0] == 1
    assert chances[1] == pytest.approx(1 / 2, abs=0.3)
    assert chances[20:].mean() < 0.1


def test_omission_by_slice_leaves_gaps_in_a_volume(corrupt: Corrupt) -> None:
    clean = np.ones((4, 4, 60), np.uint8)
    held = corrupt("omit-object", clean, probability=0.5, mode="slice").label.all(axis=(0, 1))
    assert 15 < held.sum() < 45


def test_false_objects_leave_the_true_ones_alone(corrupt: Corrupt) -> None:
    clean = blobs(3)
    found = corrupt("false-object", clean, count=5, radius=2.5, lookalike=False)
    np.testing.assert_array_equal(found.label[clean > 0], clean[clean > 0])
    assert len(found.notes["objects"]) == 5
    for each in found.notes["objects"]:
        assert found.label[tuple(each["centre"])] in (1, 2, 3)
        assert clean[tuple(each["centre"])] == 0


def test_false_objects_look_like_true_ones(corrupt: Corrupt) -> None:
    clean = np.zeros((60, 60), np.uint8)
    clean[10:20, 10:20] = 1
    image = np.zeros((1, 60, 60), np.float32)
    image[0, 10:20, 10:20] = np.random.default_rng(0).normal(5, 1, (10, 10))
    image[0, 40:50, 30:40] = 5
    for seed in range(5):
        notes = corrupt("false-object", clean, seed, image=image, count=2).notes
        assert all(image[0][tuple(each["centre"])] == 5 for each in notes["objects"])


def test_an_empty_scan_gets_false_objects_of_the_first_class(corrupt: Corrupt) -> None:
    found = corrupt("false-object", np.zeros((30, 30), np.uint8), count=3).label
    assert set(np.unique(found)) == {0, 1}


def test_swapping_keeps_every_outline(corrupt: Corrupt) -> None:
    clean = blobs(2)
    for seed in range(6):
        for what in ("object", "class"):
            found = corrupt("class-swap", clean, seed, probability=1, what=what)
            np.testing.assert_array_equal(found.label > 0, clean > 0)
            assert (found.label != clean).any()
    one, other = found.notes["swapped"][0]
    np.testing.assert_array_equal(found.label == one, clean == other)


def test_a_case_of_one_class_cannot_be_swapped(corrupt: Corrupt) -> None:
    found = corrupt("class-swap", spots(), probability=1)
    np.testing.assert_array_equal(found.label, spots())
    assert found.notes == {"swapped": []}


def test_flips_come_with_their_chance_and_near_the_boundary(corrupt: Corrupt) -> None:
    clean = np.zeros((120, 120), np.uint8)
    clean[:, 60:] = 1
    everywhere = corrupt("pixel-flip", clean, probability=0.3, where="anywhere").label
    assert (everywhere != clean).mean() == pytest.approx(0.3, abs=0.02)
    near = corrupt("pixel-flip", clean, probability=1, band=4).label != clean
    np.testing.assert_array_equal(np.flatnonzero(near[0]), np.arange(56, 64))
