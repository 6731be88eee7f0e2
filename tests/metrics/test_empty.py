"""Empty masks: defined, flagged, counted, never a perfect score."""

from __future__ import annotations

from math import isnan, nan, sqrt
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.metrics import METRICS, count_empty, penalised, score_case

NOTHING = np.zeros((5, 4, 3), dtype=np.uint8)
SOMETHING = NOTHING.copy()
SOMETHING[1:3, 1:3, 1] = 1
SPACING = (1.0, 2.0, 3.0)


def score(prediction: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    (row,) = score_case(prediction, truth, SPACING, 2)
    return row


@pytest.mark.parametrize(
    ("prediction", "truth", "empty", "overlap"),
    [
        (NOTHING, SOMETHING, "prediction", [0.0, 0.0, 1.0]),
        (SOMETHING, NOTHING, "truth", [0.0, 0.0, nan]),
        (NOTHING, NOTHING, "both", [nan, nan, nan]),
    ],
)
def test_undefined_is_nan_and_says_why(
    prediction: np.ndarray, truth: np.ndarray, empty: str, overlap: list[float]
) -> None:
    row = score(prediction, truth)
    assert row["empty"] == empty
    assert [row["dice"], row["iou"], row["rve"]] == pytest.approx(overlap, nan_ok=True)
    assert all(isnan(row[name]) for name, metric in METRICS.items() if metric.is_surface)


def test_empty_rows_are_counted() -> None:
    rows = [score(NOTHING, SOMETHING), score(NOTHING, SOMETHING), score(NOTHING, NOTHING), score(SOMETHING, SOMETHING)]
    assert count_empty(rows) == {"prediction": 2, "truth": 0, "both": 1}


@pytest.mark.parametrize("masks", [(NOTHING, SOMETHING), (SOMETHING, NOTHING)])
def test_penalty_is_the_image_diagonal(masks: tuple[np.ndarray, np.ndarray]) -> None:
    row = score(*masks)
    assert penalised(row, "hd95") == pytest.approx(sqrt(4**2 + 3**2 + 2**2))
    assert penalised(row, "asd_mm") == pytest.approx(sqrt(4**2 + 6**2 + 6**2))


def test_penalty_leaves_other_rows_alone() -> None:
    assert penalised(score(SOMETHING, SOMETHING), "hd95_mm") == 0
    assert isnan(penalised(score(NOTHING, NOTHING), "hd95_mm"))
    with pytest.raises(ValueError, match="dice"):
        penalised(score(NOTHING, SOMETHING), "dice")


def test_no_distance_exceeds_the_penalty() -> None:
    corner, opposite = NOTHING.copy(), NOTHING.copy()
    corner[0, 0, 0] = opposite[-1, -1, -1] = 1
    row = score(corner, opposite)
    assert row["hd_mm"] == pytest.approx(row["diagonal_mm"])
    assert row["hd"] == pytest.approx(row["diagonal"])


def test_a_class_absent_from_one_map_is_flagged_alone() -> None:
    truth = SOMETHING.copy()
    truth[4] = 2
    first, second = score_case(SOMETHING, truth, SPACING, 3)
    assert (first["empty"], second["empty"]) == ("", "prediction")
    assert first["dice"] == 1
