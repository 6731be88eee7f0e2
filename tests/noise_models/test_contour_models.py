"""What the models that redraw contours do, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from nsbench.benchmark.plugin import UserError

from .conftest import Corrupt, blobs, dice

ONE = (1.0, 1.0, 1.0)


def square(size: int = 40, side: int = 20) -> np.ndarray:
    label = np.zeros((size, size), np.uint8)
    start = (size - side) // 2
    label[start : start + side, start : start + side] = 1
    return label


@pytest.mark.parametrize("ndim", [2, 3])
def test_over_and_under_segmentation_are_one_sided(corrupt: Corrupt, ndim: int) -> None:
    clean = np.where(blobs(ndim) == 1, 1, 0).astype(np.uint8)
    for seed in range(5):
        assert (corrupt("over-segment", clean, seed).label >= clean).all()
        assert (corrupt("under-segment", clean, seed).label <= clean).all()


def test_without_variation_the_margin_is_the_radius(corrupt: Corrupt) -> None:
    clean, steps = blobs(2), (0.8, 1.3)
    clean[clean > 1] = 0
    outside = distance_transform_edt(clean == 0, sampling=steps)
    over = corrupt("over-segment", clean, spacing=steps, radius=3, variation=0, unit="mm").label
    np.testing.assert_array_equal(over > 0, outside <= 3)
    varied = corrupt("over-segment", clean, spacing=steps, radius=3, unit="mm").label
    rim = outside[(varied > 0) & (clean == 0)]
    assert rim.max() > 3


def test_under_segmentation_keeps_the_innermost_voxels(corrupt: Corrupt) -> None:
    found = corrupt("under-segment", square(), radius=500)
    assert 0 < (found.label > 0).sum() < 20
    assert found.notes["classes"]["1"]["innermost_only"]


def test_the_border_of_the_image_takes_nothing_from_a_class_that_fills_it(corrupt: Corrupt) -> None:
    full = np.ones((20, 18), np.uint8)
    walk = {"random-walk": {"flip": 0}}
    for name in ("under-segment", "over-segment", "box", "edge-distort", "elastic", "random-walk"):
        np.testing.assert_array_equal(corrupt(name, full, 1, **walk.get(name, {})).label, full)


@pytest.mark.parametrize(("expand", "sign"), [(1.0, 1), (0.0, -1)])
def test_the_walk_goes_where_its_bias_says(corrupt: Corrupt, expand: float, sign: int) -> None:
    clean = square()
    areas = [
        int(corrupt("random-walk", clean, 2, steps=steps, expand=expand, flip=0, smoothing=0).label.sum())
        for steps in (0, 40, 120)
    ]
    assert all(sign * np.diff(areas) > 0)


def test_the_walk_moves_the_boundary_alone(corrupt: Corrupt) -> None:
    clean = square()
    step = corrupt("random-walk", clean, steps=1, expand=1, chance=1, flip=0, smoothing=0).label
    np.testing.assert_array_equal(step > 0, distance_transform_edt(clean == 0) <= 1)


def test_the_walk_is_slower_along_thick_slices(corrupt: Corrupt) -> None:
    clean = np.zeros((41, 41, 41), np.uint8)
    clean[18:23, 18:23, 18:23] = 1
    walk = {"steps": 60, "expand": 1.0, "chance": 0.1, "flip": 0, "smoothing": 0, "mode": "volume", "unit": "mm"}
    held = np.argwhere(corrupt("random-walk", clean, 0, (1.0, 1.0, 4.0), **walk).label)
    widths = np.ptp(held, axis=0)
    assert widths[2] < 0.7 * widths[0]


@pytest.mark.parametrize("step", [8, 20, 45, 500])
def test_a_polygon_has_the_vertices_that_its_step_gives(corrupt: Corrupt, step: float) -> None:
    clean = square()
    found = corrupt("polygon", clean, step=step, least=4)
    # the contour runs half a voxel outside and cuts the corners
    length = 4 * 19 + 4 * np.sqrt(0.5)
    assert found.notes["classes"]["1"]["vertices"] == max(4, round(length / step))


def test_polygons_keep_holes(corrupt: Corrupt) -> None:
    ring = square(60, 40)
    ring[25:35, 25:35] = 0
    drawn = corrupt("polygon", ring, 1, step=12).label
    assert drawn[30, 30] == 0
    assert dice(ring, drawn) > 0.9


def test_a_box_is_the_bounding_box_of_each_object(corrupt: Corrupt) -> None:
    clean = np.zeros((30, 40, 6), np.uint8)
    clean[5:12, 4:9, 1:3] = 1
    clean[8, 4:20, 2] = 1
    clean[20:24, 30:35, 4] = 2
    expected = clean.copy()
    expected[5:12, 4:9, 1], expected[5:12, 4:20, 2] = 1, 1
    np.testing.assert_array_equal(corrupt("box", clean, margin=0).label, expected)
    whole = corrupt("box", clean, margin=0, mode="volume").label
    assert (whole[5:12, 4:20, 1:3] == 1).all()
    wide = corrupt("box", clean, spacing=(1.0, 1.0, 4.0), margin=4, unit="mm", mode="volume").label
    assert (wide[16:28, 26:39, 3:6] == 2).all()
    assert (wide == 2).sum() == 12 * 13 * 3


def test_annotated_slices_are_kept_and_others_lie_between(corrupt: Corrupt) -> None:
    clean = blobs(3)
    found = corrupt("slice-skip", clean, 1, gap=3)
    kept = found.notes["annotated"]
    assert np.diff(kept).tolist() == [4] * (len(kept) - 1)
    np.testing.assert_array_equal(found.label[..., kept], clean[..., kept])
    cone = np.zeros((41, 41, 30), np.uint8)
    for k in range(30):
        cone[..., k] = np.hypot(*np.ogrid[-20:21, -20:21]) <= 4 + k / 2
    drawn = corrupt("slice-skip", cone, 0, gap=7)
    between = slice(drawn.notes["annotated"][0], drawn.notes["annotated"][-1] + 1)
    assert len(drawn.notes["annotated"]) < 6
    assert dice(cone[..., between], drawn.label[..., between]) > 0.97


def test_an_object_between_annotated_slices_is_lost(corrupt: Corrupt) -> None:
    clean = np.zeros((10, 10, 40), np.uint8)
    clean[3:6, 3:6, 20] = 1
    outcomes = [corrupt("slice-skip", clean, seed, gap=6) for seed in range(20)]
    lost = [not outcome.label.any() for outcome in outcomes]
    assert 10 < sum(lost) < 20
    assert [outcome.notes["vanished"] == [1] for outcome in outcomes] == lost


def test_images_have_no_slices_to_skip(corrupt: Corrupt) -> None:
    with pytest.raises(UserError, match="slice-skip needs volumes"):
        corrupt("slice-skip", square())


def test_discs_lie_along_the_contour(corrupt: Corrupt) -> None:
    clean = square(60, 30)
    distance = np.maximum(distance_transform_edt(clean), distance_transform_edt(clean == 0))
    for order in ("add-then-remove", "either"):
        found = corrupt("edge-distort", clean, 3, radius=4, share=0.2, order=order)
        note = found.notes["classes"]["1"]
        changed = found.label != clean
        assert changed.any()
        assert distance[changed].max() < (5 if order == "either" else 10)
        total = note["added"] + note["removed"]
        assert total == 24 if order == "either" else note["added"] == 24
