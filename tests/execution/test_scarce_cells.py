"""Cells of few labels: what their records tell, what methods share, and what a killed one does again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.benchmark.cell import Cell, Scarce
from nsbench.benchmark.execution.generations import Generations, generation_numbers, mean_dice
from nsbench.benchmark.execution.grid import run_grid
from nsbench.benchmark.execution.run_cell import CellOptions, run_cell
from nsbench.benchmark.plugin import Relabel, Train
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.models import Execution
from nsbench.benchmark.store import Store
from nsbench.benchmark.store.record import Result
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training.stage_run import StageRun

CPU = torch.device("cpu")
_METHODS = '''
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import LossMethod, Relabel, Train


class Teach(LossMethod):
    """A model labels the images that another one learns from."""

    name = "t-teach"
    citation = "tests"
    knows = "scarce"

    def stages(self, view):
        return (
            Train("m0", on=view.labeled, fraction=0.5, shared=()),
            Relabel("r1", on=view.unlabeled, by=("m0",)),
            Train("m1", on=view.labeled + view.unlabeled.relabeled("r1"), start="m0"),
        )

    def loss(self, logits, batch):
        return (cross_entropy(logits, batch.label, reduction="none") * batch.valid).sum() / batch.valid.sum()


class Further(Teach):
    """The same, going on from the first model."""

    name = "t-further"

    def stages(self, view):
        first, second, third = super().stages(view)
        return first, second, Train("m1", on=third.on)
'''


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def known(tmp_path: Path) -> Registries:
    """Built-in plugins and two methods that label images themselves."""
    (tmp_path / "teach.py").write_text(_METHODS)
    return Registries(loose=(tmp_path / "teach.py",))


@pytest.fixture
def cells(known: Registries, make_cell: Callable[..., Cell]) -> list[Cell]:
    """A cell of each method on eight phantoms, two of the six training cases labeled."""
    build = make_cell.func  # type: ignore[attr-defined]
    size = {"dataset_params": {"size": 32}, "supervision": Scarce(labeled=2)}
    return [build(known, name, **size) for name in ("t-teach", "t-further")]


def result_of(store: Store, cell: Cell) -> Result:
    record = store.read(cell.id)
    assert record is not None
    assert record.result.status == "done", record.result.error
    return record.result


def test_the_record_tells_of_labels_and_generations_and_training_knows_nothing_of_it(
    cells: list[Cell], known: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, untold = Store(tmp_path / "told"), Store(tmp_path / "untold")
    assert run_cell(cells[0], told, known, CPU) == "done"
    result = result_of(told, cells[0])
    assert (result.labeled_cases, result.train_cases, result.test_cases, result.updates) == (2, 6, 2, 6)
    assert (result.memorisation, result.trust, result.noise.corrupted) == (None, [], [])
    m0, r1, m1 = result.generations
    assert [(each.stage, each.generation) for each in result.generations] == [("m0", 0), ("r1", 0), ("m1", 1)]
    assert (m0.reference, m0.similarity, r1.test, r1.similarity) == (None, None, None, None)
    assert all(0 <= value <= 1 for value in (m0.test, r1.reference, m1.reference, m1.test, m1.similarity))
    cases = pd.read_parquet(told.folder(cells[0].id).cases)
    assert m1.test == pytest.approx(np.nanmean(cases["dice"]))
    monkeypatch.setattr(Generations, "measure", lambda self: [])
    assert run_cell(cells[0], untold, known, CPU) == "done"
    assert result_of(untold, cells[0]) == result.model_copy(update={"generations": []})
    weights = [torch.load(store.folder(cells[0].id).weights)["method"] for store in (told, untold)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_a_grid_trains_the_first_model_once_and_leaves_nothing_behind(
    cells: list[Cell], known: Registries, tmp_path: Path
) -> None:
    together, apart = Store(tmp_path / "together"), [Store(tmp_path / cell.label) for cell in cells]
    execution = Execution(out=together.out, executor="inline", plugins=(tmp_path / "teach.py",), cpus_per_run=1)
    summary = run_grid(cells, together, execution, known, quiet=True)
    assert summary.done == 2
    assert not together.shared_stages.exists()
    shared = [together.provenance(cell.id).shared_stages for cell in cells]  # type: ignore[union-attr]
    assert shared == [[], ["m0"]]
    for cell, alone in zip(cells, apart):
        assert run_cell(cell, alone, known, CPU) == "done"
        assert result_of(alone, cell) == result_of(together, cell)
        tables = [store.folder(cell.id).curves.read_bytes() for store in (alone, together)]
        assert tables[0] == tables[1]


@pytest.mark.parametrize(("stage", "stop_at"), [("m0", 2), ("m1", 1)])
def test_a_cell_killed_in_the_middle_of_a_generation_continues_to_the_same_result(
    cells: list[Cell],
    known: Registries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    stop_at: int,
) -> None:
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    assert run_cell(cells[0], whole, known, CPU) == "done"
    tend = StageRun._tend

    def interrupt(run: StageRun, done: int) -> None:
        tend(run, done)
        if (run.stage.name, done) == (stage, stop_at):
            raise KeyboardInterrupt

    monkeypatch.setattr(StageRun, "_tend", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_cell(cells[0], broken, known, CPU, CellOptions(checkpoint_seconds=0.0))
    monkeypatch.setattr(StageRun, "_tend", tend)
    assert run_cell(cells[0], broken, known, CPU) == "done"
    records = [json.loads(store.folder(cells[0].id).record.read_text()) for store in (whole, broken)]
    assert records[0] == records[1]


def test_mean_dice_leaves_out_what_neither_label_holds_and_what_is_ignored() -> None:
    prediction, truth = np.array([[1, 1, 0, 2]]), np.array([[1, 0, 0, 2]])
    assert mean_dice(prediction, truth, None, 4) == pytest.approx((2 / 3 + 1) / 2)
    assert mean_dice(prediction, truth, np.array([[False, True, False, True]]), 4) == 1.0
    assert np.isnan(mean_dice(truth * 0, truth * 0, None, 4))


def test_a_generation_is_counted_over_the_labels_that_a_model_learned_from() -> None:
    view = make_view(Geometry(), labeled=2)
    first, second = (view.unlabeled.fold(k, 2) for k in (0, 1))
    stages = [
        Train("m0", view.labeled),
        Relabel("r1.0", first, ("m0",)),
        Train("m1.0", view.labeled + first.relabeled("r1.0"), start="m0"),
        Relabel("r2.1", second, ("m1.0",)),
        Train("final", {"a": view.labeled, "b": first.relabeled("r1.0") + second.relabeled("r2.1")}, start="m0"),
    ]
    numbers = {"m0": 0, "r1.0": 0, "m1.0": 1, "r2.1": 1, "final": 2}
    assert generation_numbers(stages) == numbers
