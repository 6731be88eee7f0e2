"""Our numbers are MedPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from medpy.metric import binary

from nsbench.benchmark.metrics import score_case

DISTANCES = {"asd": binary.asd, "assd": binary.assd, "hd": binary.hd, "hd95": binary.hd95}
GRIDS = [
    ((60, 50), (1.0, 1.0)),
    ((60, 50), (0.7, 2.5)),
    ((30, 26, 22), (0.625, 0.625, 0.625)),
    ((30, 26, 22), (0.66, 0.98, 7.5)),
]


def assert_equals_medpy(row: dict[str, Any], prediction: np.ndarray, truth: np.ndarray, spacing: Any) -> None:
    expected = {"dice": binary.dc(prediction, truth), "iou": binary.jc(prediction, truth)}
    expected["rve"] = abs(binary.ravd(prediction, truth))
    for name, metric in DISTANCES.items():
        expected[name] = metric(prediction, truth)
        expected[f"{name}_mm"] = metric(prediction, truth, voxelspacing=spacing)
    directed = binary.asd(prediction, truth), binary.asd(truth, prediction)
    expected["adb"] = sum(directed) / 2
    assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
def test_every_class_equals_medpy(blobs: Any, shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    prediction, truth = blobs(shape, num_classes=4)
    rows = score_case(prediction, truth, spacing, 4)
    assert [row["class"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert_equals_medpy(row, prediction == row["class"], truth == row["class"], spacing)


def test_masks_that_fill_the_image_have_its_border_as_surface() -> None:
    truth = np.ones((12, 10, 8), dtype=np.uint8)
    prediction = truth.copy()
    prediction[:5] = 0
    (row,) = score_case(prediction, truth, (1.0, 2.0, 3.0), 2)
    assert_equals_medpy(row, prediction > 0, truth > 0, (1.0, 2.0, 3.0))


@pytest.mark.parametrize("density", [0.002, 0.5])
def test_scattered_voxels_equal_medpy_however_dense(density: float) -> None:
    rng = np.random.default_rng(1)
    prediction, truth = (rng.random((2, 40, 30, 20)) < density).astype(np.uint8)
    (row,) = score_case(prediction, truth, (0.5, 0.6, 4.0), 2)
    assert_equals_medpy(row, prediction > 0, truth > 0, (0.5, 0.6, 4.0))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.int64])
def test_the_type_of_the_labels_does_not_matter(blobs: Any, dtype: type) -> None:
    labels = blobs((40, 40))
    (row,) = score_case(*(label.astype(dtype) for label in labels), None, 2)
    (same,) = score_case(*labels, None, 2)
    assert row == pytest.approx(same, nan_ok=True)


def test_memory_layout_does_not_matter(blobs: Any) -> None:
    prediction, truth = blobs((20, 16, 12))
    (row,) = score_case(np.asfortranarray(prediction)[::-1], truth[::-1], (1.0, 1.0, 3.0), 2)
    (same,) = score_case(prediction, truth, (1.0, 1.0, 3.0), 2)
    assert row == pytest.approx(same)
