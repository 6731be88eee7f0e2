"""Scores of a whole dataset: pooled overlap, the HVSMR overall score."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from nsbench.benchmark.metrics import hvsmr_overall, pooled, score_case

# Rows of Min et al. 2019, Table 3: Dice, ADB, HDD of the myocardium, of the blood pool, overall score.
PUBLISHED = {
    "T16": (0.612, 2.041, 13.2, 0.867, 2.157, 19.7, -1.408),
    "V17": (0.747, 1.099, 5.09, 0.885, 1.553, 9.41, -0.330),
    "W16": (0.802, 0.957, 6.13, 0.926, 0.885, 7.07, -0.036),
    "Y16": (0.786, 0.997, 6.42, 0.931, 0.868, 7.01, -0.055),
    "Y17": (0.821, 0.960, 7.29, 0.931, 0.938, 9.53, -0.161),
    "TSMAN": (0.820, 0.824, 4.73, 0.926, 0.957, 8.81, -0.024),
}


def test_pooled_is_the_score_of_the_joined_cases() -> None:
    rng = np.random.default_rng(0)
    prediction, truth = (rng.random((2, 3, 8, 8)) < 0.4).astype(np.uint8)
    truth[2] = 0
    rows = [score_case(p, t, None, 2)[0] for p, t in zip(prediction, truth)]
    (joined,) = score_case(prediction, truth, None, 2)
    assert pooled(rows) == pytest.approx({"dice": joined["dice"], "iou": joined["iou"]})
    assert pooled(rows)["dice"] != pytest.approx(np.mean([row["dice"] for row in rows]))


def test_pooled_of_nothing_is_undefined() -> None:
    empty = np.zeros((4, 4), dtype=np.uint8)
    assert isnan(pooled(score_case(empty, empty, None, 2))["dice"])
    assert isnan(pooled([])["iou"])


def test_pooled_refuses_mixed_classes() -> None:
    label = np.arange(9, dtype=np.uint8).reshape(3, 3) % 3
    with pytest.raises(ValueError, match=r"classes \[1, 2\]"):
        pooled(score_case(label, label, None, 3))


@pytest.mark.parametrize("entry", PUBLISHED)
def test_hvsmr_overall_reproduces_the_published_scores(entry: str) -> None:
    dice_myo, adb_myo, hdd_myo, dice_pool, adb_pool, hdd_pool, score = PUBLISHED[entry]
    ours = hvsmr_overall(
        dice_myo=dice_myo, dice_pool=dice_pool, adb_myo=adb_myo, adb_pool=adb_pool, hdd_myo=hdd_myo, hdd_pool=hdd_pool
    )
    assert ours == pytest.approx(score, abs=2e-3)


def test_hvsmr_overall_of_a_perfect_segmentation_is_one() -> None:
    assert hvsmr_overall(dice_myo=1, dice_pool=1, adb_myo=0, adb_pool=0, hdd_myo=0, hdd_pool=0) == 1
