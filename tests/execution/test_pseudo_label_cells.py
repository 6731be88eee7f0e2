"""A whole cell of a distillation with a network along each axis and super-classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nsbench.benchmark.cell import Cell, Scarce
from nsbench.benchmark.execution.run_cell import run_cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store


def test_volumes_are_distilled_along_three_axes_into_super_classes_and_then_all(
    make_cell: Callable[..., Cell], registries: Registries, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    params = {"views": "three", "superclasses": (("wall", "cavity"),), "transforms": "square", "models": 2}
    volumes = {"size": 16, "slice_spacing": 12.0, "cases": 4}
    few = Scarce(labeled=1)
    cell = make_cell(
        "hierarchical-distillation",
        ndim=3,
        task="multiclass",
        dataset_params=volumes,
        params=params,
        supervision=few,
    )
    store = Store(tmp_path)
    assert run_cell(cell, store, registries, torch.device("cpu")) == "done"
    record = store.read(cell.id)
    assert record is not None
    result = record.result
    assert (result.labeled_cases, result.train_cases, result.updates) == (1, 3, 6)
    base = ["base0", "base1"]
    told = {each.stage: each for each in result.generations}
    assert list(told) == [*base, "distilled", "retrain-train", "fine-labels", "fine"]
    assert [each.generation for each in told.values()] == [*(0 for _ in base), 0, 1, 1, 2]
    assert [stage for stage, each in told.items() if each.coarse] == ["distilled"]
    assert result.passes == pytest.approx(3 * 6)
