"""Pseudo-labels of a cell: the same for all, made once, by a model that sees nothing it must not see."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nsbench.benchmark.cell import Cell, Chosen, Noisy
from nsbench.benchmark.data.cell_data import CellData, load_cell_data
from nsbench.benchmark.data.corruption import corrupted_ids
from nsbench.benchmark.data.prepare import PreparedCase
from nsbench.benchmark.data.pseudo import PseudoLabels, pseudo_labels
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Task
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load as load_spec
from nsbench.benchmark.spec.plan import plan_loaded
from nsbench.benchmark.training import pseudo as training
from nsbench.noise_models.pseudo_label import PseudoLabel

from ..conftest import build_cell

MakeCell = Callable[..., Cell]
SHORT = {"updates": 5, "width": 2, "learning_rate": 0.02}
CASES = {"size": 32, "cases": 10}
SQUARE = Task("square", ("square",), ndim=2)
CUBE = Task("cube", ("cube",), ndim=3)


@pytest.fixture(autouse=True)
def trainings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[PseudoLabels]:
    """The trainings that took place."""
    done: list[PseudoLabels] = []
    original = training.predicted

    def predicted(labels: PseudoLabels, folder: Path) -> Any:
        done.append(labels)
        return original(labels, folder)

    monkeypatch.setattr(training, "predicted", predicted)
    return done


@pytest.fixture
def cell_data(make_cell: MakeCell, registries: Registries) -> Callable[..., CellData]:
    """The data of a cell of the phantom with pseudo-labels; keywords change the cell, `noise` the model."""

    def load(noise: dict[str, Any] | None = None, **changes: Any) -> CellData:
        data_params = CASES | changes.pop("dataset_params", {})
        cell = make_cell(noise="pseudo-label", dataset_params=data_params, **changes)
        who = cell.identity
        chosen = who.supervision.noise.model_copy(
            update={"params": {**who.supervision.noise.params, **SHORT, **(noise or {})}}
        )
        supervision = who.supervision.model_copy(update={"noise": chosen})
        return load_cell_data(
            cell.model_copy(update={"identity": who.model_copy(update={"supervision": supervision})}), registries
        )

    return load


def volumes(task: Task, count: int = 5) -> list[PreparedCase]:
    """Noisy images of a bright block."""
    made = []
    for i in range(count):
        rng = np.random.default_rng(i)
        label = np.zeros((20, 18, 7)[: task.ndim], np.uint8)
        label[4 + i : 12 + i, 3:12] = 1
        image = rng.normal(2.0 * label, 0.5, (1, *label.shape)).astype(np.float32)
        made.append(PreparedCase(f"case{i}", f"p{i}", {}, image, label, None, None, {}))
    return made


def labels_of(
    cases: list[PreparedCase], registries: Registries, key: str, task: Task = SQUARE, **params: Any
) -> PseudoLabels:
    model = PseudoLabel(PseudoLabel.Params(**(SHORT | params)))
    return pseudo_labels(model, cases, 2, task, "squares:square", key, 0, registries)


def test_all_methods_budgets_and_ratios_share_one_training(
    cell_data: Callable[..., CellData], trainings: list[PseudoLabels]
) -> None:
    few, many = cell_data(ratio=0.4), cell_data(ratio=0.8, method="mae", network="densevoxnet", batch_size=2)
    assert len(trainings) == 1
    assert few.corrupted < many.corrupted
    for case_id, label in few.corrupted_labels.items():
        np.testing.assert_array_equal(label, many.corrupted_labels[case_id])
    assert few.noise.dice_mean is not None
    assert few.noise.dice_mean < 1
    (learner,) = trainings[0].view.ids
    assert learner not in many.corrupted
    assert cell_data(ratio=0.8, method="gce").noise == many.noise


def test_another_seed_fold_or_model_is_another_training(
    cell_data: Callable[..., CellData], trainings: list[PseudoLabels]
) -> None:
    hashes = {cell_data(**changes).noise.masks for changes in ({}, {"seed": 1}, {"noise": {"updates": 40, "width": 4}})}
    assert (len(hashes), len(trainings)) == (3, 3)


def test_the_model_sees_no_test_case(cell_data: Callable[..., CellData], trainings: list[PseudoLabels]) -> None:
    data = cell_data()
    (labels,) = trainings
    assert {*labels.view.ids, *labels.images} == set(data.split.train)
    assert not {*labels.view.ids, *labels.images} & {case.id for case in data.test}


@pytest.mark.parametrize(("task", "updates"), [(SQUARE, 20), (CUBE, 5)])
def test_labels_are_deterministic_whatever_the_hidden_labels_are(
    registries: Registries, task: Task, updates: int
) -> None:
    """Not even by torch's global state or number of threads."""
    cases = volumes(task)
    first = labels_of(cases, registries, "clean", task, updates=updates)
    hidden = [case for case in cases if case.id not in first.view.ids]
    expected = [first(case) for case in hidden]
    for case in hidden:
        case.label[:] = np.random.default_rng(9).integers(0, 2, case.label.shape)
    torch.manual_seed(123)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    again = labels_of(cases, registries, "poisoned", task, updates=updates)
    for case, label in zip(hidden, expected, strict=True):
        np.testing.assert_array_equal(again(case), label)
        assert (label.dtype, label.shape) == (np.uint8, case.label.shape)
    assert torch.equal(state, torch.get_rng_state())
    assert threads == torch.get_num_threads()
    for case in cases:
        if case.id in first.view.ids:
            case.label[:] = 1 - case.label
    taught_otherwise = labels_of(cases, registries, "other lesson", task, updates=updates)
    assert any((taught_otherwise(case) != label).any() for case, label in zip(hidden, expected, strict=True))


def test_the_model_learns(registries: Registries) -> None:
    cases = volumes(SQUARE)
    labels = labels_of(cases, registries, "learns", updates=60, width=4, fraction=0.4)
    for case in cases:
        if case.id in labels.images:
            found = labels(case) == 1
            assert 2 * (found & (case.label == 1)).sum() / (found.sum() + case.label.sum()) > 0.7


def test_a_ratio_that_leaves_nothing_clean_is_refused(
    cell_data: Callable[..., CellData], trainings: list[PseudoLabels]
) -> None:
    message = r"learns from 2 of 6 training cases \(fraction=0.4\).* but 5 are to be .* lower the ratio to 0.66 at"
    with pytest.raises(UserError, match=message):
        cell_data({"fraction": 0.4}, ratio=0.8)
    assert not trainings
    assert len(cell_data({"fraction": 0.4}, ratio=0.66).corrupted) == 4


def test_the_largest_ratio_is_known_before_anything_is_read(registries: Registries) -> None:
    def planned(ratios: str) -> int:
        flags = {"datasets": "phantom,ndim=2,cases=4", "methods": "ce", "noise": "pseudo-label", "ratios": ratios}
        return len(plan_loaded(load_spec(flags=flags), registries).cells)

    assert planned("0,0.8") == 2
    with pytest.raises(UserError, match=r"ratios: .*learns from 0.2 of .* a ratio of 0.9 is more than 0.8"):
        planned("0.5,0.9")


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
def test_one_minus_the_fraction_may_always_be_corrupted(registries: Registries, fraction: float) -> None:
    model = PseudoLabel(PseudoLabel.Params(fraction=fraction))
    for count in range(10, 40):
        cases = [replace(volumes(SQUARE, 1)[0], id=str(i)) for i in range(count)]
        corrupted = round(round(1 - fraction, 1) * count)
        found = pseudo_labels(model, cases, corrupted, SQUARE, "squares:square", "key", 0, registries)
        assert 0 < len(found.view) <= count - corrupted


def test_an_unknown_network_is_named(cell_data: Callable[..., CellData]) -> None:
    with pytest.raises(UserError, match=r"unknown network 'unett'.*unet"):
        cell_data({"network": "unett"})


def test_those_corrupted_last_are_learned_from(registries: Registries) -> None:
    ids = [case.id for case in volumes(SQUARE)]
    learned = labels_of(volumes(SQUARE), registries, "k", fraction=0.4).view.ids
    assert sorted({*ids} - {*learned}) == corrupted_ids(ids, 0.6, 0, "squares:square")


def test_concurrent_cells_train_once(registries: Registries, trainings: list[PseudoLabels]) -> None:
    cases = volumes(SQUARE)
    labels = [labels_of(cases, registries, "concurrent") for _ in range(4)]
    case = next(case for case in cases if case.id in labels[0].images)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: each(case).tobytes(), labels))
    assert len(trainings) == 1
    assert len(set(found)) == 1


def test_a_killed_training_begins_anew(
    registries: Registries, cache: Path, monkeypatch: pytest.MonkeyPatch, trainings: list[PseudoLabels]
) -> None:
    cases = volumes(SQUARE)
    labels = labels_of(cases, registries, "killed")
    case = next(case for case in cases if case.id in labels.images)

    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "predict_label", killed)
        with pytest.raises(KeyboardInterrupt):
            labels(case)
    folder = cache / "predicted" / labels.key
    assert (folder / "training").exists()
    np.testing.assert_array_equal(labels(case), labels_of(cases, registries, "whole")(case))
    assert len(trainings) == 3
    assert not (folder / "training").exists()


def test_resampled_volumes_are_labeled_on_their_prepared_grid(tmp_path: Path, trainings: list[PseudoLabels]) -> None:
    tilted = Registries(loose=(Path(__file__).with_name("tilted_volumes.py"),))
    root = tilted.datasets.get("tilted").load().write(tmp_path / "tilted")
    found = {}
    for spacing in (None, (0.75, 0.75, 4.0)):
        cell = build_cell(tilted, dataset="tilted", task="blob", root=str(root), dataset_params={"spacing": spacing})
        who = cell.identity
        plugin = tilted.noise.get("pseudo-label")
        noise = Chosen(name="pseudo-label", params=plugin.validate({**SHORT, "updates": 2}).model_dump(mode="json"))
        who = who.model_copy(update={"supervision": Noisy(noise=noise, ratio=0.5)})
        found[spacing] = load_cell_data(cell.model_copy(update={"identity": who}), tilted)
    for data in found.values():
        assert data.corrupted
        assert all(label.shape == data.truth[i].shape for i, label in data.corrupted_labels.items())
    assert len(trainings) == 2


def test_the_module_does_not_import_torch() -> None:
    code = "import sys, nsbench.benchmark.data.cell_data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_model_is_trained_with_is_part_of_the_identity(registries: Registries) -> None:
    def code(network: str) -> str:
        noise = f"pseudo-label,network={network}"
        flags = {"datasets": "phantom,ndim=2,cases=4", "methods": "mae", "noise": noise, "ratios": 0.5}
        (cell,) = plan_loaded(load_spec(flags=flags), registries).cells
        return cell.identity.supervision.noise.code

    assert len({code("unet"), code("densevoxnet"), registries.noise.get("pseudo-label").digest}) == 3
