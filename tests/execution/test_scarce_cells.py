"""Cells of few labels: what their records tell, what methods share, and what a killed one does again."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.benchmark.cell import Cell, Scarce
from nsbench.benchmark.execution.generations import Generations, generation_numbers, in_groups, mean_dice
from nsbench.benchmark.execution.grid import run_grid
from nsbench.benchmark.execution.run_cell import CellOptions, run_cell
from nsbench.benchmark.plugin import Relabel, Train
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.models import Execution
from nsbench.benchmark.store import Store
from nsbench.benchmark.store.record import Result
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training.context import TrainContext
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
_GROUPS = ((0,), (1, 2), (3,))


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
    return [_cell(known, make_cell, name) for name in ("t-teach", "t-further")]


def _cell(known: Registries, make_cell: Callable[..., Cell], name: str, **changes: Any) -> Cell:
    build = make_cell.func  # type: ignore[attr-defined]
    found: Cell = build(known, name, **{"dataset_params": {"size": 32}, "supervision": Scarce(labeled=2)} | changes)
    return found


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
        Train("last", {"a": view.labeled, "b": first.relabeled("r1.0") + second.relabeled("r2.1")}, start="m0"),
    ]
    numbers = {"m0": 0, "r1.0": 0, "m1.0": 1, "r2.1": 1}
    assert generation_numbers(stages) == numbers | {"last": 2}
    stages[-1] = replace(stages[-1], final=True)
    assert generation_numbers(stages) == numbers | {"last": 1}


def test_labels_of_super_classes_are_scored_as_such(
    make_cell: Callable[..., Cell], known: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A teacher that knows the truth but for the class inside a super-class tells nothing wrong."""
    assert in_groups(np.array([[0, 1], [2, 3]], np.uint8), _GROUPS).tolist() == [[0, 1], [1, 3]]
    store, real = Store(tmp_path / "out"), Generations._load

    def perfect(self: Generations, stage: str) -> Any:
        """The truth as the stage's labels, of super-classes as the stage's groups have it."""
        if stage != "r1":
            return real(self, stage)
        known = self.data.reference.items()
        return {"labels": {i: torch.tensor(in_groups(np.asarray(truth), _GROUPS)) for i, truth in known}}

    monkeypatch.setattr(Generations, "_load", perfect)
    params = {"generations": 1, "superclasses": (("wall", "cavity"),)}
    cell = _cell(known, make_cell, "stso", task="multiclass", params=params)
    assert run_cell(cell, store, known, CPU) == "done"
    told = {each.stage: each for each in result_of(store, cell).generations}
    assert list(told) == ["m0", "r1", "m1", "fine-labels", "fine"]
    assert told["r1"].reference == 1.0
    assert [name for name, each in told.items() if each.coarse] == ["r1"]


def test_one_models_weights_are_in_memory_at_a_time(
    cells: list[Cell], known: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    most, real = [], TrainContext.weights_of

    class State(dict[str, Any]):
        __hash__ = object.__hash__  # type: ignore[assignment]

    def load(self: TrainContext, stage: str) -> Any:
        weights = State(real(self, stage) or {})
        alive.add(weights)
        most.append(len(alive))
        return weights

    measure = Generations.measure

    def after_training(self: Generations) -> Any:
        most.clear()
        return measure(self)

    monkeypatch.setattr(TrainContext, "weights_of", load)
    monkeypatch.setattr(Generations, "measure", after_training)
    store = Store(tmp_path / "out")
    assert run_cell(cells[0], store, known, CPU) == "done"
    assert most == [1, 1, 1]


def test_labeled_cases_seen_again_without_label_are_no_reference_but_generations_are_told(
    make_cell: Callable[..., Cell], known: Registries, tmp_path: Path
) -> None:
    cell = _cell(known, make_cell, "t-teach", supervision=Scarce(labeled=1.0, unlabeled="all"))
    store = Store(tmp_path / "out")
    assert run_cell(cell, store, known, CPU) == "done"
    m0, r1, m1 = result_of(store, cell).generations
    assert (m0.reference, r1.reference, m1.reference) == (None, None, None)
    assert all(value is not None for value in (m0.test, m1.test, m1.similarity))
