"""A cell from its data to its record: determinism, resume, failure, no leak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.data import cell_data
from nsbench.benchmark.execution.run_cell import CellOptions, run_cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store
from nsbench.benchmark.training.stage_run import StageRun

CPU = torch.device("cpu")
MakeCell = Callable[..., Cell]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def result_of(store: Store, cell: Cell) -> tuple[str, str]:
    """The deterministic part of a record, tables included, as text."""
    folder = store.folder(cell.id)
    return folder.record.read_text(), pd.read_parquet(folder.curves).to_csv()


def test_a_cell_leaves_a_complete_record(make_cell: MakeCell, registries: Registries, tmp_path: Path) -> None:
    cell, store = make_cell("ce"), Store(tmp_path)
    assert run_cell(cell, store, registries, CPU) == "done"
    record = store.read(cell.id)
    assert record is not None
    result = record.result
    assert result.updates == cell.identity.budget.updates == len(pd.read_parquet(store.folder(cell.id).curves))
    assert len(result.noise.corrupted) == round(result.train_cases / 2)
    assert result.noise.dice_mean is not None
    assert 0 < result.noise.dice_mean < 1
    assert result.memorisation is not None
    assert result.memorisation.voxels > 0
    cases = pd.read_parquet(store.folder(cell.id).cases)
    assert len(cases) == result.test_cases * len(result.classes)
    assert not (store.folder(cell.id).path / "checkpoint.pt").exists()
    assert torch.load(store.folder(cell.id).weights, weights_only=True)["method"]


def test_the_same_cell_twice_gives_the_same_result(make_cell: MakeCell, registries: Registries, tmp_path: Path) -> None:
    cell = make_cell("dice", ratio=0.25, augmentation="full", precision="bf16")
    stores = [Store(tmp_path / name) for name in "ab"]
    for store in stores:
        assert run_cell(cell, store, registries, CPU) == "done"
    assert result_of(stores[0], cell) == result_of(stores[1], cell)


@pytest.mark.parametrize("stop_at", [1, 4])
def test_an_interrupted_cell_continues_to_the_same_result(
    make_cell: MakeCell, registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    cell = make_cell("nr-dice", network="vnet", selection="best-noisy-val", validate_every=2, width=4)
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    assert run_cell(cell, whole, registries, CPU) == "done"
    tend = StageRun._tend

    def interrupt(run: StageRun, done: int) -> None:
        tend(run, done)
        if done == stop_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(StageRun, "_tend", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_cell(cell, broken, registries, CPU, CellOptions(checkpoint_seconds=0.0))
    assert broken.folder(cell.id).checkpoint.exists()
    assert broken.read(cell.id) is None
    monkeypatch.setattr(StageRun, "_tend", tend)
    assert run_cell(cell, broken, registries, CPU) == "done"
    provenance = broken.provenance(cell.id)
    assert provenance is not None
    assert provenance.resumed == 1
    assert result_of(broken, cell) == result_of(whole, cell)


def test_a_damaged_checkpoint_is_put_aside_and_the_cell_starts_over(
    make_cell: MakeCell, registries: Registries, tmp_path: Path
) -> None:
    cell, store = make_cell("ce"), Store(tmp_path)
    folder = store.folder(cell.id)
    folder.path.mkdir(parents=True)
    folder.checkpoint.write_bytes(b"not a checkpoint")
    assert run_cell(cell, store, registries, CPU) == "done"
    assert (folder.path / "checkpoint.damaged").exists()


def test_hidden_labels_do_not_reach_training(
    make_cell: MakeCell, registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = make_cell("ce")
    stores = [Store(tmp_path / name) for name in "ab"]
    assert run_cell(cell, stores[0], registries, CPU) == "done"
    original = cell_data.load_cell_data

    def scrambled(*args: object, **kwargs: object) -> cell_data.CellData:
        data = original(*args, **kwargs)  # type: ignore[arg-type]
        rng = np.random.default_rng(1)
        for case_id in data.corrupted:
            data.truth[case_id] = rng.integers(0, 2, data.truth[case_id].shape).astype(np.uint8)
        return data

    monkeypatch.setattr("nsbench.benchmark.execution.run_cell.load_cell_data", scrambled)
    assert run_cell(cell, stores[1], registries, CPU) == "done"
    weights = [torch.load(s.folder(cell.id).weights, weights_only=True)["method"] for s in stores]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_nan_loss_ends_the_cell_as_failed_with_the_step(
    make_cell: MakeCell, registries: Registries, tmp_path: Path
) -> None:
    cell, store = make_cell("ce", optimiser="sgd", learning_rate=1e30), Store(tmp_path)
    assert run_cell(cell, store, registries, CPU) == "failed"
    record = store.read(cell.id)
    assert record is not None
    assert "at update" in record.result.error
    assert "learning rate" in record.result.error


def test_a_cell_out_of_time_is_a_timeout(make_cell: MakeCell, registries: Registries, tmp_path: Path) -> None:
    cell, store = make_cell("ce"), Store(tmp_path)
    assert run_cell(cell, store, registries, CPU, CellOptions(timeout_seconds=0.001)) == "timeout"
    record = store.read(cell.id)
    assert record is not None
    assert record.result.status == "timeout"


def test_a_patch_that_the_network_cannot_halve_is_refused(
    make_cell: MakeCell, registries: Registries, tmp_path: Path
) -> None:
    cell, store = make_cell("ce", patch=(40, 40)), Store(tmp_path)
    assert run_cell(cell, store, registries, CPU) == "failed"
    record = store.read(cell.id)
    assert record is not None
    assert "multiples of 16" in record.result.error


@pytest.mark.parametrize("view", ["2d", "2d:0"])
def test_a_volume_is_fed_as_slices_to_a_2d_network(
    make_cell: MakeCell, registries: Registries, tmp_path: Path, view: str
) -> None:
    cell, store = make_cell("ce", ndim=3, view=view, case_limit=2, updates=2), Store(tmp_path)
    assert run_cell(cell, store, registries, CPU) == "done", store.read(cell.id)
    assert len(pd.read_parquet(store.folder(cell.id).cases)) == 2


def test_multiclass_3d(make_cell: MakeCell, registries: Registries, tmp_path: Path) -> None:
    cell = make_cell("nr-dice", task="multiclass", ndim=3, view="3d", case_limit=2, updates=2)
    store = Store(tmp_path)
    assert run_cell(cell, store, registries, CPU) == "done", store.read(cell.id)
    record = store.read(cell.id)
    assert record is not None
    assert len(record.result.classes) >= 3
    assert set(record.result.pooled) == set(record.result.classes)
