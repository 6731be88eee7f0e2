"""Scoring a trained method: test cases, validation, memorisation of wrong labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..budget import Budget
from ..data.cell_data import CellData, ValidationCase
from ..data.prepare import PreparedCase
from ..inference.predict import predict_label, predict_original
from ..metrics import hvsmr_overall, pooled, score_case
from ..plugin.case import Task
from ..plugin.method import Method
from ..store.record import Memorisation
from ..training.audit import agreement
from ..training.resident import tensor_of

MEMORISATION_CASES = 16
"""Corrupted training cases that memorisation is measured on: the first in the order of the split."""


@dataclass(frozen=True)
class Evaluator:
    """Predicts and scores cases with the cell's budget and view."""

    budget: Budget
    slice_axis: int | None
    device: torch.device

    def predict(self, method: Method, image: np.ndarray) -> np.ndarray:
        """Label uint8 `[*spatial]` of a prepared image."""
        label = predict_label(method, tensor_of(image), self.budget, self.slice_axis, self.device)
        return label.cpu().numpy()

    def original(self, method: Method, case: PreparedCase) -> np.ndarray:
        """Label uint8 `[*original]` of a case, on the grid that it was prepared from."""
        placement = case.original.placement if case.original else None
        image = tensor_of(case.image)
        return predict_original(method, image, placement, self.budget, self.slice_axis, self.device)

    def score(self, method: Method, case: PreparedCase, task: Task) -> tuple[np.ndarray, list[dict[str, Any]]]:
        """Prediction of one test case on its original grid, and one row per foreground class."""
        truth = case.original or case
        prediction = self.original(method, case)
        rows = score_case(prediction, np.asarray(truth.label), truth.spacing, task.num_classes, truth.ignore)
        about = {"case": case.id, "patient": case.patient} | {f"group_{k}": v for k, v in case.groups.items()}
        return prediction, [about | {"class_name": task.classes[row["class"] - 1]} | row for row in rows]

    def validate(self, method: Method, cases: Sequence[ValidationCase], task: Task) -> float:
        """Mean Dice on the prepared grids over validation cases and classes; what neither side holds is left out."""
        scores = [
            row["dice"]
            for item in cases
            for row in score_case(
                self.predict(method, item.case.image), np.asarray(item.label), None, task.num_classes, item.case.ignore
            )
        ]
        return float(np.nanmean(scores)) if scores else 0.0

    def memorisation(self, method: Method, data: CellData) -> Memorisation | None:
        """How often the final model agrees with wrong labels where training labels were wrong."""
        chosen = [case for case in data.view.cases if case.id in data.corrupted][:MEMORISATION_CASES]
        counts = np.zeros(3, dtype=np.int64)
        for case in chosen:
            wrong = np.asarray(data.corrupted_labels[case.id])
            # of the data, not of the case: a method's view hides the mask of an unlabeled one
            ignore = data.ignored.get(case.id)
            valid = np.ones(wrong.shape, bool) if ignore is None else ~ignore
            counts += agreement(self.predict(method, case.image), wrong, np.asarray(data.truth[case.id]), valid)
        if not counts[2]:
            return None
        agrees_wrong, agrees_right, voxels = counts.tolist()
        return Memorisation(wrong=agrees_wrong / voxels, right=agrees_right / voxels, voxels=voxels, cases=len(chosen))


def pooled_scores(cases: pd.DataFrame, task: Task) -> dict[str, dict[str, float | None]]:
    """Dataset-pooled Dice and IoU by class; `overall` for a task with HVSMR's two classes."""
    scores: dict[str, dict[str, float | None]] = {}
    for name, rows in cases.groupby("class_name", sort=False):
        scores[str(name)] = {key: _finite(value) for key, value in pooled(_records(rows)).items()}
    if set(task.classes) == {"myocardium", "blood pool"}:
        scores["overall"] = {"hvsmr": _finite(_hvsmr(cases))}
    return scores


def _hvsmr(cases: pd.DataFrame) -> float:
    # an undefined distance makes the score undefined: a mean over what is left would reward empty predictions
    means = cases.groupby("class_name")[["dice", "adb_mm", "hd_mm"]].mean(skipna=False)
    wanted = {"dice": "dice", "adb": "adb_mm", "hdd": "hd_mm"}
    classes = {"myo": "myocardium", "pool": "blood pool"}
    parts = {
        f"{name}_{part}": float(means[column].loc[label])
        for name, column in wanted.items()
        for part, label in classes.items()
    }
    return float(hvsmr_overall(**parts))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
