"""What every case must be, whatever adapter read it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.data.checks import check_case
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Case, Task

TASK = Task("organs", ("liver", "spleen"), channels=("t1", "t2"), ndim=3)


def case(**changes: Any) -> Case:
    image = np.zeros((2, 4, 5, 6), np.float32)
    label = np.zeros((4, 5, 6), np.uint8)
    label[1:3, 1:3, 1:3] = 2
    parts: dict[str, Any] = {"id": "c7", "image": image, "label": label, "spacing": (1.0, 1.0, 3.0)}
    return Case(**parts | changes)


def with_value(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.astype(np.float64)
    changed[..., 0, 0] = value
    return changed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"spacing": None},
        {"label": np.zeros((4, 5, 6), np.float32)},
        {"label": np.zeros((4, 5, 6), bool)},
        {"ignore": np.ones((4, 5, 6), bool)},
    ],
)
def test_sound_cases_pass(changes: dict[str, Any]) -> None:
    check_case(case(**changes), TASK, "demo", "a.nii")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": np.zeros((1, 4, 5, 6))}, r"shape\].*\(1, 4, 5, 6\), expected 2 channel\(s\) x 3 spatial axes"),
        ({"image": np.zeros((2, 4, 5))}, r"shape\].*\(2, 4, 5\)"),
        ({"image": with_value(case().image, np.nan)}, r"intensity\].*8 NaN or infinite"),
        ({"image": with_value(case().image, -np.inf)}, "NaN or infinite"),
        ({"label": None}, r"label\].*no label"),
        ({"label": np.zeros((4, 5, 7), np.uint8)}, r"geometry\].*\(4, 5, 7\), image \(4, 5, 6\)"),
        ({"label": np.zeros((4, 5), np.uint8)}, r"geometry\]"),
        ({"label": with_value(np.zeros((4, 5, 6)), 3)}, r"labels\].*\[3\.0\].*0 background, 1 liver, 2 spleen"),
        ({"label": with_value(np.zeros((4, 5, 6)), -1)}, r"labels\].*\[-1\.0\]"),
        ({"label": with_value(np.zeros((4, 5, 6)), 0.5)}, r"labels\].*\[0\.5\]"),
        ({"spacing": (1.0, 1.0)}, r"spacing\].*3 positive numbers in mm"),
        ({"spacing": (1.0, 0.0, 1.0)}, r"spacing\]"),
        ({"ignore": np.ones((4, 5), bool)}, r"geometry\].*ignore mask"),
    ],
)
def test_the_message_names_dataset_check_case_and_file(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=r"^\[demo/.*case c7 \(a\.nii\)") as caught:
        check_case(case(**changes), TASK, "demo", "a.nii")
    caught.match(message)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_labels_that_are_no_number(value: float) -> None:
    with pytest.raises(UserError, match=r"labels\]"):
        check_case(case(label=with_value(np.zeros((4, 5, 6)), value)), TASK, "demo", "a.nii")


def test_spacing_that_is_no_number() -> None:
    with pytest.raises(UserError, match=r"spacing\]"):
        check_case(case(spacing=(1.0, float("nan"), 1.0)), TASK, "demo", "a.nii")


def test_images_to_predict_need_no_label() -> None:
    check_case(case(label=None), TASK, "demo", "a.nii", labeled=False)
    with pytest.raises(UserError, match="NaN"):
        check_case(case(label=None, image=np.full((2, 4, 5, 6), np.nan)), TASK, "demo", "a.nii", labeled=False)
