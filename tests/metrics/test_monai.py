"""Our numbers are MONAI's, to the float32 in which it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

from nsbench.benchmark.metrics import score_case


@pytest.mark.parametrize(
    ("shape", "spacing"), [((60, 50), (0.7, 2.5)), ((30, 26, 22), (2.0, 2.0, 2.0)), ((30, 26, 22), (0.66, 0.98, 7.5))]
)
def test_every_class_equals_monai(blobs: Any, shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    labels = blobs(shape, num_classes=3)
    y_pred, y = (torch.from_numpy(np.stack([label == c for c in range(3)])[None]) for label in labels)
    rows = score_case(*labels, spacing, 3)
    for suffix, size in (("", None), ("_mm", spacing)):
        expected = {
            "hd": compute_hausdorff_distance(y_pred, y, spacing=size),
            "hd95_max": compute_hausdorff_distance(y_pred, y, percentile=95, spacing=size),
            "asd": compute_average_surface_distance(y_pred, y, spacing=size),
            "assd": compute_average_surface_distance(y_pred, y, symmetric=True, spacing=size),
        }
        for name, values in expected.items():
            assert [row[name + suffix] for row in rows] == pytest.approx(values[0].tolist(), rel=1e-5)


def test_the_two_conventions_of_hd95_differ(blobs: Any) -> None:
    prediction, truth = blobs((30, 26, 22))
    prediction[:6] = 0
    (row,) = score_case(prediction, truth, None, 2)
    assert row["hd95"] < row["hd95_max"] < row["hd"]
    assert row["adb"] != pytest.approx(row["assd"])
