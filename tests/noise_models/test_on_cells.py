"""Every noise model as a cell uses it: which cases it touches, and which it leaves alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.data.cell_data import CellData, load_cell_data
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import plan_loaded

from .conftest import MODELS


def cell_data(registries: Registries, noise: str, **fields: Any) -> list[CellData]:
    data = "phantom:multiclass,ndim=3,cases=6,size=24"
    loaded = load(flags={"datasets": data, "methods": "ce", "noise": noise, "severity": 2, **fields})
    return [load_cell_data(cell, registries) for cell in plan_loaded(loaded, registries).cells]


@pytest.mark.parametrize("name", MODELS)
def test_cases_that_are_not_selected_stay_clean(registries: Registries, name: str) -> None:
    few, all_wrong = cell_data(registries, name, ratios="0.4,1")
    assert len(few.corrupted) == 2
    for case in few.view.cases:
        if case.id in few.corrupted:
            np.testing.assert_array_equal(case.label, few.corrupted_labels[case.id])
            np.testing.assert_array_equal(case.label, all_wrong.corrupted_labels[case.id])
        else:
            np.testing.assert_array_equal(case.label, few.truth[case.id])
    assert few.noise.dice_mean is not None
    assert all_wrong.noise.dice_mean is not None
    assert all_wrong.noise.dice_mean < 1
