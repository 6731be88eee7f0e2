"""The objective is the validation part; nothing of the test cases is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.data.cell_data import load_cell_data
from nsbench.benchmark.execution.run_cell import run_cell
from nsbench.benchmark.plugin.case import Case, CaseRef
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store
from nsbench.datasets.phantom import Phantom

from .conftest import Spec, tune

POISON = "a test case is read"


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> set[str]:
    """Loading a test case raises, and no case is in the cache."""
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path / "cache"))
    load = Phantom.load
    loaded: set[str] = set()

    def refuse(self: Phantom, ref: CaseRef) -> Case:
        split = self.split(0, 0)
        assert split is not None
        if ref.id in split.test:
            raise RuntimeError(POISON)
        loaded.add(ref.id)
        return load(self, ref)

    monkeypatch.setattr(Phantom, "load", refuse)
    return loaded


def test_no_test_case_is_read(spec: Spec, poisoned: set[str]) -> None:
    loaded = spec({"trials": 2, "objective": "clean-val"})
    tuned, _ = tune(loaded)
    assert [trial.state.name for trial in tuned.study.completed()] == ["COMPLETE"] * 2
    assert poisoned
    store = Store(loaded.execution.out)
    for cell in tuned.study.best().user_attrs["cells"]:
        record = store.read(cell)
        assert record is not None
        assert (record.identity.evaluate, record.result.test_cases) == ("clean-val", 0)
        assert set(pd.read_parquet(store.folder(cell).cases)["case"]) <= poisoned


def test_the_poison_kills_a_cell_that_is_tested(
    poisoned: set[str], make_cell: Callable[..., Cell], registries: Registries, tmp_path: Path
) -> None:
    """Else the test above could not fail."""
    cell, store = make_cell("nr-dice", updates=1), Store(tmp_path / "other")
    assert run_cell(cell, store, registries, torch.device("cpu")) == "failed"
    record = store.read(cell.id)
    assert record is not None
    assert POISON in record.result.error


def _scored(cell: Cell, registries: Registries, **changes: Any) -> tuple[dict[str, np.ndarray], Any]:
    identity = cell.identity.model_copy(update=changes)
    other = Cell(identity=identity, label="x", dataset_label="x", noise_label="x")
    data = load_cell_data(other, registries)
    return {case.id: np.asarray(case.label) for case in data.scored}, data


def test_labels_are_those_that_the_objective_names(make_cell: Callable[..., Cell], registries: Registries) -> None:
    cell = make_cell(ratio=1.0)
    tested, plain = _scored(cell, registries)
    clean, data = _scored(cell, registries, evaluate="clean-val")
    noisy, _ = _scored(cell, registries, evaluate="noisy-val")
    assert set(tested) == set(plain.split.test)
    assert clean.keys() == noisy.keys() == {item.case.id for item in data.validation}
    assert not clean.keys() & (tested.keys() | {case.id for case in data.view.cases})
    assert not data.test
    for name, label in noisy.items():
        assert not np.array_equal(label, clean[name])
        assert np.array_equal(label, data.corrupted_labels[name])
