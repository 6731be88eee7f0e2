"""Units, ignored voxels, bad input."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.metrics import METRICS, score_case

LABEL = np.zeros((6, 6), dtype=np.uint8)


def test_a_row_worked_out_by_hand() -> None:
    prediction, truth = np.zeros((2, 1, 1, 10), dtype=np.uint8)
    truth[..., 2:6] = 1
    prediction[..., 4:9] = 1
    (row,) = score_case(prediction, truth, (1.0, 1.0, 2.0), 2)
    assert (row["tp"], row["fp"], row["fn"]) == (2, 3, 2)
    assert (row["prediction_voxels"], row["truth_voxels"]) == (5, 4)
    assert row["truth_volume_ml"] == pytest.approx(0.008)
    assert (row["dice"], row["iou"], row["rve"]) == pytest.approx((4 / 9, 2 / 7, 1 / 4))
    assert (row["asd"], row["assd"], row["adb"]) == pytest.approx((6 / 5, 1, (6 / 5 + 3 / 4) / 2))
    assert (row["hd"], row["hd_mm"]) == pytest.approx((3, 6))


def test_without_spacing_millimetres_are_unknown(blobs: Any) -> None:
    (row,) = score_case(*blobs((30, 30)), None, 2)
    millimetres = [name for name, metric in METRICS.items() if metric.unit == "mm"]
    assert all(isnan(row[name]) for name in [*millimetres, "truth_volume_ml", "diagonal_mm"])
    assert not isnan(row["hd95"])


def test_every_metric_of_the_table_is_in_the_row(blobs: Any) -> None:
    (row,) = score_case(*blobs((20, 20, 20)), (1.0, 1.0, 1.0), 2)
    assert set(METRICS) <= set(row)
    assert all(isinstance(row[name], float) and np.isfinite(row[name]) for name in METRICS)


def test_ignored_voxels_change_nothing(blobs: Any) -> None:
    prediction, truth = blobs((30, 26, 22), num_classes=3)
    ignore = np.zeros(truth.shape, dtype=bool)
    ignore[10:20, 5:15] = True
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(2):
        prediction[ignore], truth[ignore] = rng.integers(0, 3, size=(2, int(ignore.sum())))
        rows.append(score_case(prediction, truth, (1.0, 1.0, 2.0), 3, ignore))
    assert rows[0] == rows[1]
    assert rows[0][0]["truth_voxels"] == int((truth[~ignore] == 1).sum())


def test_everything_ignored_is_both_empty(blobs: Any) -> None:
    prediction, truth = blobs((20, 20))
    (row,) = score_case(prediction, truth, None, 2, np.ones(truth.shape, dtype=bool))
    assert row["empty"] == "both"


def test_inputs_are_left_as_they_were(blobs: Any) -> None:
    prediction, truth = blobs((20, 20))
    for array in (prediction, truth):
        array.setflags(write=False)
    score_case(prediction, truth, None, 2, np.zeros(truth.shape, dtype=bool))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((LABEL[:5], LABEL, None, 2), r"prediction: shape \(5, 6\)"),
        ((LABEL.astype(np.float32), LABEL, None, 2), "prediction: labels must be integers"),
        ((LABEL, LABEL + 2, None, 2), r"truth: label values 2\.\.2 are not within 0\.\.1"),
        ((LABEL.astype(np.int8) - 1, LABEL, None, 2), r"prediction: label values -1\.\.-1"),
        ((LABEL, LABEL, (1.0, 1.0, 1.0), 2), "spacing: needs 2 positive numbers"),
        ((LABEL, LABEL, (1.0, 0.0), 2), "spacing: needs 2 positive numbers"),
        ((LABEL, LABEL, (1.0, float("nan")), 2), "spacing: needs 2 positive numbers"),
        ((LABEL, LABEL, None, 2, LABEL[:5]), "ignore: shape"),
    ],
)
def test_bad_input_is_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        score_case(*arguments)
