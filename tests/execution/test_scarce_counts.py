"""How many labels a cell used, as its record tells it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch

from nsbench.benchmark.cell import Cell, Scarce
from nsbench.benchmark.execution.run_cell import run_cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store


def test_the_record_counts_labels_of_the_pool_and_of_the_validation(
    make_cell: Callable[..., Cell], registries: Registries, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    quick = {"dataset_params": {"size": 32}, "updates": 1, "network": "unet"}
    few = make_cell(supervision=Scarce(labeled=2), selection="best-clean-val", **quick)
    noisy = make_cell(selection="best-clean-val", **quick)
    found = {}
    for cell in (few, noisy):
        store = Store(tmp_path / cell.id)
        assert run_cell(cell, store, registries, torch.device("cpu")) == "done"
        found[cell.id] = json.loads(store.folder(cell.id).record.read_text())["result"]
    result = found[few.id]
    counts = [result[name] for name in ("labeled_cases", "train_cases", "pool_cases", "validation_cases")]
    # a method that sees the labeled cases alone: five of six are there to be labeled, one is validated on
    assert counts == [2, 2, 5, 1]
    assert not {"pool_cases", "validation_cases"} & found[noisy.id].keys()
