"""Voxels that a label file leaves out: a case without label shows nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nsbench.benchmark.cell import Cell, ChosenDataset, Scarce, Transfer
from nsbench.benchmark.data.cell_data import load_cell_data
from nsbench.benchmark.errors import CellFailure
from nsbench.benchmark.execution import run_cell
from nsbench.benchmark.execution.generations import Generations
from nsbench.benchmark.plugin import Case, CaseRef, Dataset
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store
from nsbench.benchmark.training.audit import NOT_SCORED

_FEW = '''
from nsbench.benchmark.plugin import Method


class Few(Method):
    """Knows few labels."""

    name = "t-few"
    citation = "tests"
    knows = "scarce"
'''


@pytest.fixture
def known(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Registries:
    """Phantoms of which only the left half is annotated, and a scarce method."""
    (tmp_path / "few.py").write_text(_FEW)
    known = Registries(loose=(tmp_path / "few.py",))
    phantom: type[Dataset] = known.datasets.get("phantom").load()
    whole = phantom.load

    def half(self: Dataset, ref: CaseRef) -> Case:
        case = whole(self, ref)
        case.ignore = np.zeros(case.label.shape, bool)
        case.ignore[:, case.label.shape[1] // 2 :] = True
        return case

    monkeypatch.setattr(phantom, "load", half)
    return known


def _supervision(kind: str, known: Registries) -> dict[str, Any]:
    params = known.datasets.get("phantom").validate({"ndim": 2, "cases": 8, "size": 32, "population": "b"})
    source = ChosenDataset(name="phantom", params=params.model_dump(mode="json"), task="chamber", fingerprint="other")
    found: dict[str, Any] = {"scarce": Scarce(labeled=2, unlabeled="all"), "transfer": Transfer(source=source)}
    return {"ratio": 0.5} if kind == "know-more" else {"supervision": found[kind]}


@pytest.mark.parametrize("kind", ["scarce", "transfer", "know-more"])
def test_a_hidden_label_hides_its_ignore_mask_and_is_scored_with_it(
    kind: str, known: Registries, make_cell: Callable[..., Cell]
) -> None:
    build: Any = make_cell.func  # type: ignore[attr-defined]
    cell = build(known, "t-few", dataset_params={"size": 32}, **_supervision(kind, known))
    data = load_cell_data(cell, known)
    assert len(data.view.labeled)
    assert len(data.view.unlabeled)
    assert all(case.ignore is not None for case in data.view.labeled.cases)
    assert [case.ignore for case in data.view.unlabeled.cases] == [None] * len(data.view.unlabeled)
    name, truth = next(iter(data.reference.items()))
    halved = truth * ~data.ignored[name]
    measured = Generations(None, data, None, None)  # type: ignore[arg-type]
    assert halved.any()
    assert (halved != truth).any()
    assert measured._dice(name, halved, np.asarray(truth)) == 1.0


def test_weights_are_audited_without_what_a_hidden_label_file_leaves_out(
    known: Registries, make_cell: Callable[..., Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def stop(context: Any) -> None:
        told.append(context.hooks.truth)
        raise CellFailure("seen enough")

    monkeypatch.setattr(run_cell, "Trainer", stop)
    build: Any = make_cell.func  # type: ignore[attr-defined]
    for method in ("atso", "ce"):
        cell = build(known, method, dataset_params={"size": 32}, ratio=0.5)
        run_cell.run_cell(cell, Store(tmp_path / method), known, torch.device("cpu"))
    left_out = [{i for i, label in truth.items() if (label == NOT_SCORED).any()} for truth in told]
    assert left_out == [load_cell_data(cell, known).corrupted, set()]
