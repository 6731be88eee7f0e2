"""Corrupted labels: nested in the ratio, the same for every method."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.data.cell_data import CellData, load_cell_data
from nsbench.benchmark.data.corruption import Corrupted, corrupt, corrupted_ids, realised_noise
from nsbench.benchmark.data.prepare import prepare
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Corruption, NoiseModel
from nsbench.benchmark.registry import Registries

MakeCell = Callable[..., Cell]
IDS = [f"case{i:03}" for i in range(40)]


class Constant(NoiseModel):
    """Fills the label with a value."""

    name = "constant"

    def __init__(self, value: int, grow: int = 0) -> None:
        super().__init__(NoiseModel.Params())
        self.value, self.grow, self.calls = value, grow, 0

    def corrupt(
        self, label: np.ndarray, spacing: tuple[float, ...], rng: np.random.Generator, image: np.ndarray
    ) -> Corruption:
        self.calls += 1
        return Corruption(
            np.full((len(label) + self.grow, *label.shape[1:]), self.value), {"drawn": int(rng.integers(99))}
        )


def data_of(make_cell: MakeCell, registries: Registries, **changes: Any) -> CellData:
    return load_cell_data(make_cell(dataset_params={"size": 32, "cases": 12}, **changes), registries)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_smaller_ratios_lie_within_larger_ones(seed: int) -> None:
    chosen = [set(corrupted_ids(IDS, ratio, seed, "la:atrium")) for ratio in (0, 0.25, 0.5, 0.75, 1)]
    assert [len(ids) for ids in chosen] == [0, 10, 20, 30, 40]
    assert all(smaller < larger for smaller, larger in pairwise(chosen))


def test_the_choice_depends_on_seed_and_task() -> None:
    choices = {tuple(corrupted_ids(IDS, 0.5, seed, task)) for seed in (0, 1) for task in ("la:atrium", "jsrt:heart")}
    assert len(choices) == 4
    assert corrupted_ids(IDS, 0.5, 0, "x") == corrupted_ids(IDS, 0.5, 0, "x")


def test_every_method_learns_from_the_same_masks(make_cell: MakeCell, registries: Registries) -> None:
    first, second = (data_of(make_cell, registries, method=name) for name in ("ce", "mae"))
    assert first.noise == second.noise
    for a, b in zip(first.view.cases, second.view.cases, strict=True):
        assert a.id == b.id
        np.testing.assert_array_equal(a.label, b.label)


def test_a_case_is_corrupted_alike_at_every_ratio(make_cell: MakeCell, registries: Registries) -> None:
    low, high = (data_of(make_cell, registries, ratio=ratio) for ratio in (0.25, 0.75))
    assert set(low.corrupted_labels) < set(high.corrupted_labels)
    for name, label in low.corrupted_labels.items():
        np.testing.assert_array_equal(label, high.corrupted_labels[name])
        assert (label != low.truth[name]).any()


def test_the_view_holds_the_wrong_label_and_no_test_case(make_cell: MakeCell, registries: Registries) -> None:
    data = data_of(make_cell, registries)
    assert data.corrupted
    for case in data.view.cases:
        expected = data.corrupted_labels.get(case.id, data.truth[case.id])
        np.testing.assert_array_equal(case.label, expected)
    assert not {case.id for case in data.test} & {case.id for case in data.view.cases}


def test_masks_depend_on_the_seed(make_cell: MakeCell, registries: Registries) -> None:
    hashes = {data_of(make_cell, registries, seed=seed).noise.masks for seed in (0, 1)}
    assert len(hashes) == 2


@pytest.mark.parametrize("classes", ["joint", "independent"])
def test_classes_stay_a_partition(make_cell: MakeCell, registries: Registries, classes: str) -> None:
    cell = make_cell(task="multiclass", ratio=1.0, dataset_params={"size": 48, "cases": 8})
    noise = cell.identity.supervision.noise
    params = {**noise.params, "classes": classes, "radius": [1, 2]}
    supervision = cell.identity.supervision.model_copy(update={"noise": noise.model_copy(update={"params": params})})
    cell = cell.model_copy(update={"identity": cell.identity.model_copy(update={"supervision": supervision})})
    data = load_cell_data(cell, registries)
    assert data.noise.dice_mean is not None
    assert 0.3 < data.noise.dice_mean < 1
    for name, label in data.corrupted_labels.items():
        clean = data.truth[name]
        assert label.dtype == np.uint8
        assert set(np.unique(label)) <= {0, 1, 2, 3}
        changed = (label != clean) & (clean > 0)
        assert changed.any() or ((label > 0) & (clean == 0)).any()


def test_masks_are_made_once(cache: Path, squares: Any) -> None:
    dataset = squares()
    cases = prepare(dataset, dataset.cases()[:3], "key")
    model = Constant(1)

    def run(key: str = "key", seed: int = 0) -> Corrupted:
        return corrupt(cases, model, "squares:square", key, seed, num_classes=2)

    first, again = run(), run()
    assert model.calls == 3
    assert first.notes == again.notes
    assert first.labels.keys() == {"p0s0", "p0s1", "p1s0"}
    assert run("changed labels").notes == first.notes
    assert model.calls == 6
    assert run(seed=1).notes != first.notes


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Constant(2), "noise model constant gave labels \\[2\\] for case p0s0; they must be < 2"),
        (Constant(-1), "noise model constant gave label"),
        (Constant(1, grow=1), r"changed the shape of case p0s0: \(12, 10\) -> \(13, 10\)"),
    ],
)
def test_models_that_break_the_task_are_refused(cache: Path, squares: Any, model: Constant, message: str) -> None:
    dataset = squares()
    cases = prepare(dataset, dataset.cases()[:1], "key")
    with pytest.raises(UserError, match=message):
        corrupt(cases, model, "squares:square", "key", 0, num_classes=2)


def test_realised_noise_is_dice_on_voxels_that_count(cache: Path, squares: Any) -> None:
    dataset = squares()
    outside = np.ones((12, 10), bool)
    outside[2:8, 3:9] = False
    dataset.changes["p0s1"] = {"ignore": outside}
    cases = prepare(dataset, dataset.cases()[:2], "key")
    everywhere = np.ones((12, 10), np.uint8)
    noise = realised_noise(cases, Corrupted({case.id: everywhere for case in cases}))
    dice = [2 * 24 / (24 + 120), 2 * 24 / (24 + 36)]
    assert noise.corrupted == ["p0s0", "p0s1"]
    assert noise.dice_mean == pytest.approx(np.mean(dice))
    assert noise.dice_std == pytest.approx(np.std(dice))
    other = realised_noise(cases, Corrupted({case.id: np.zeros_like(everywhere) for case in cases}))
    assert noise.masks != other.masks
    assert realised_noise(cases, Corrupted()).dice_mean is None


def test_objects_invented_in_an_empty_case_are_no_perfect_label(cache: Path, squares: Any) -> None:
    dataset = squares()
    dataset.changes["p0s0"] = {"label": np.zeros((12, 10), np.uint8)}
    (case,) = prepare(dataset, dataset.cases()[:1], "key")
    empty, invented = np.zeros((12, 10), np.uint8), np.eye(12, 10, dtype=np.uint8)
    assert realised_noise([case], Corrupted({case.id: empty})).dice_mean == 1.0
    assert realised_noise([case], Corrupted({case.id: invented})).dice_mean == 0.0
