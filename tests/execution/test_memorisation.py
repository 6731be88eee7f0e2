"""Agreement with wrong labels, measured where the label counts."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.data.scarce import hidden
from nsbench.benchmark.execution.evaluate import Evaluator
from nsbench.benchmark.plugin import TrainingCase, TrainingView

_TRUTH = np.zeros((8, 8), np.uint8)
_WRONG = np.repeat(np.array([1, 0], np.uint8), 4)[:, None].repeat(8, axis=1)
_IGNORE = np.repeat(np.array([False, False] + [True] * 6), 8).reshape(8, 8)


class _Upper(Evaluator):
    """Predicts the uppermost quarter, whatever the image."""

    def predict(self, method: Any, image: np.ndarray) -> np.ndarray:
        found = np.zeros((8, 8), np.uint8)
        found[:2] = 1
        return found


@pytest.mark.parametrize("seen", [lambda case: case, hidden], ids=["labeled", "unlabeled"])
def test_ignored_voxels_do_not_count_whether_the_case_is_labeled_or_not(
    seen: Callable[[TrainingCase], TrainingCase],
) -> None:
    case = TrainingCase("a", np.zeros((1, 8, 8), np.float32), _WRONG, _IGNORE, (1.0, 1.0))
    data: Any = SimpleNamespace(
        view=TrainingView((seen(case),)),
        corrupted={"a"},
        corrupted_labels={"a": _WRONG},
        truth={"a": _TRUTH},
        ignored={"a": _IGNORE},
    )
    found = _Upper(None, None, None).memorisation(None, data)  # type: ignore[arg-type]
    assert found is not None
    assert (found.wrong, found.right, found.voxels) == (1.0, 0.0, 16)
