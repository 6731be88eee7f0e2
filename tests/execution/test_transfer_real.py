"""From the left atria at half resolution to those at full resolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nsbench.benchmark.data.cell_data import load_cell_data
from nsbench.benchmark.execution.run_cell import run_cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import plan_loaded
from nsbench.benchmark.store import Store

pytestmark = pytest.mark.data


def test_labels_at_half_resolution_train_for_full_resolution(
    data_root: Path, registries: Registries, tmp_path: Path
) -> None:
    for folder in ("la-half", "la-full-sample"):
        if not (data_root / folder).is_dir():
            pytest.skip(f"{folder} is not there")
    roots = {f"la@{name}": str(data_root / name) for name in ("la-half", "la-full-sample")}
    what = {"datasets": "la@la-full-sample", "source": "la@la-half", "data_root": roots}
    what["methods"] = "ce,stso,generations=1"
    budget = {"base": "smoke", "updates": 3, "case_limit": 2, "patch": [32, 32, 32], "overlap": 0.0}
    cells = plan_loaded(load(flags={**what, "budget": budget}), registries).cells
    assert cells[0].describe() == "la@la-full-sample from la@la-half ce seed 0"
    torch.set_num_threads(1)
    data = load_cell_data(cells[1], registries)
    assert (len(data.view.labeled), len(data.view.unlabeled)) == (2, 2)
    spacing = np.array([case.spacing for case in (*data.view.cases, *data.test)])
    assert np.ptp(spacing, axis=0) == pytest.approx(0.0, abs=0.05)
    assert all(case.original is not None for case in data.test)
    assert data.test[0].original.label.size > 4 * data.test[0].label.size  # type: ignore[union-attr]
    store = Store(tmp_path)
    for cell in cells:
        assert run_cell(cell, store, registries, torch.device("cpu")) == "done"
    supervised, student = (store.read(cell.id) for cell in cells)
    assert supervised is not None
    assert (supervised.result.labeled_cases, supervised.result.updates) == (2, 3)
    assert student is not None
    m0, r1, m1 = student.result.generations
    assert (m0.stage, r1.stage, m1.stage) == ("m0", "r1", "m1")
    assert None not in (r1.reference, m0.test, m1.test)
