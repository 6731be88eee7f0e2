"""Distillations with a network along each axis of volumes, and how these vote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Batch, Relabel, Train, TrainingCase, TrainingView
from nsbench.benchmark.testing.trial import CPU, context_in, train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training.relabel import relabel

from .scarce import WORLD, after, built, same

SOLID = Geometry(3, 2)


def corner(case: TrainingCase) -> TrainingCase:
    """A volume of few slices."""
    return replace(case, image=case.image[:, :4, :8, :6], label=case.label[:4, :8, :6])


VOLUMES = TrainingView(tuple(corner(case) for case in make_view(SOLID, "scarce").cases[2:6]))


def three(name: str, **params: Any) -> Any:
    return built(name, geometry=SOLID, views="three", **params)


def sliced(folder: Path) -> Any:
    context = context_in(str(folder), WORLD, updates=1)
    context.checkpoint_seconds = float("inf")
    context.sampling = replace(context.sampling, slice_axis=2)
    return context


def test_a_base_model_is_a_network_per_axis_and_so_is_what_learns_from_its_labels(tmp_path: Path) -> None:
    method = three("model-distillation", models=2, retrain="co-teaching")
    stages = {stage.name: stage for stage in method.stages(VOLUMES)}
    for name, inside in (("base1", VOLUMES.labeled), ("retrain-train", stages["retrain-train"].inner.on)):
        assert stages[name].on == {f"@{i}": inside for i in range(3)}
        assert stages[name].slice_axis == {f"@{i}": i for i in range(3)}
    train(method, VOLUMES, sliced(tmp_path))
    states = [after(tmp_path, name) for name in ("base0", "base1", "retrain-train")]
    parts = [f"models.{i}." for i in range(6)] + [f"students.{i}.networks.{j}." for i in range(3) for j in range(2)]

    def moved(one: dict[str, Tensor], other: dict[str, Tensor]) -> list[str]:
        return [part for part in parts if not same(one, other, (n for n in one if n.startswith(part) and "head" in n))]

    assert moved(states[0], states[1]) == parts[3:6]
    assert moved(states[1], states[2]) == parts[6:]
    image = torch.randn(1, 1, 32, 16)
    with torch.no_grad():
        for axis in range(3):
            torch.testing.assert_close(method.predict_along(image, axis), method.students[axis].predict(image))


@pytest.mark.parametrize(
    ("params", "special", "its_params"),
    [
        ({"transforms": "none", "models": 2}, "model-distillation", {"models": 2}),
        ({"models": 1, "transforms": "square"}, "data-distillation", {"transforms": "square"}),
    ],
    ids=["K=identity", "T=1"],
)
def test_the_special_cases_hold_along_three_axes(
    params: dict[str, Any], special: str, its_params: dict[str, Any], tmp_path: Path
) -> None:
    whole, other = three("hierarchical-distillation", **params), three(special, **its_params)
    assert list(whole.stages(VOLUMES)) == list(other.stages(VOLUMES))
    for name, method in (("whole", whole), ("special", other)):
        train(method, VOLUMES, sliced(tmp_path / name))
    assert same(whole.state_dict(), other.state_dict())
    assert same(after(tmp_path / "whole", "distilled"), after(tmp_path / "special", "distilled"))


class Along:
    """Predicts along three axes what a test says."""

    slice_axes = (0, 1, 2)

    def __init__(self) -> None:
        self.number = torch.tensor(0)

    def eval(self) -> None:
        """Nothing to switch."""

    def state_dict(self) -> dict[str, Tensor]:
        return {"number": self.number}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.number = state["number"]


def labels_of(method: Any, image: Tensor, folder: Path, **stage: Any) -> Tensor:
    context = context_in(str(folder), WORLD, patch=(32, 32))
    how = replace(context.sampling, slice_axis=2)
    case = replace(VOLUMES.cases[0], image=image.numpy())
    weights = [{"number": torch.tensor(i)} for i in range(len(stage["by"]))]
    (label,) = relabel(method, weights, Relabel("r", TrainingView((case,)), **stage), context.budget, how, CPU).values()
    return label


def test_the_votes_of_a_models_views_are_its_vote(tmp_path: Path) -> None:
    """Two models of three whose views lean one way outvote one whose views are sure, though most views are."""
    votes = ([1, 1, 0], [0, 1, 1], [0, 0, 0])
    method = Along()

    def predict_along(image: Tensor, axis: int) -> Tensor:
        share = torch.full_like(image, 0.6 if votes[int(method.number)][axis] else 0.01)
        return torch.cat([1 - share, share], 1)

    method.predict_along = predict_along  # type: ignore[attr-defined]
    label = labels_of(method, torch.zeros(1, 32, 32, 32), tmp_path, by=("a", "b", "c"), vote="hard")
    assert label.unique().tolist() == [1]


def test_a_view_is_turned_in_its_own_plane(tmp_path: Path) -> None:
    """What is cut across its own axis has slices of one brightness, however they are turned and mirrored."""
    method, even = Along(), {axis: set[bool]() for axis in range(3)}
    volume = torch.arange(32.0)[None, :, None, None].expand(1, 32, 32, 32).contiguous()

    def predict_along(image: Tensor, axis: int) -> Tensor:
        even[axis].add(bool((image == image[:, :, :1, :1]).all()))
        share = image / 64 + 0.3
        return torch.cat([1 - share, share], 1)

    method.predict_along = predict_along  # type: ignore[attr-defined]
    turns, flips = (0, 1, 2, 3), ((), (0,), (1,))
    label = labels_of(method, volume, tmp_path, by=("a",), turns=turns, flips=flips, vote="hard")
    assert even == {0: {True}, 1: {False}, 2: {False}}
    assert torch.equal(label, (volume[0] / 64 + 0.3 > 0.5).to(torch.uint8)), "every prediction is turned back"


def test_views_that_take_turns_do_so_along_all_axes_at_once(tmp_path: Path) -> None:
    """Each network of the wrapped method is trained in every update, and counted."""
    method, seen = three("model-distillation", models=1), []

    def turning(student: Any) -> Any:
        def turn(batches: dict[str, Batch], progress: float) -> Tensor:
            ((kind, batch),) = batches.items()
            seen.append((kind, batch.slice_axis))
            return student.loss(student.network(batch.image).float(), batch)

        return turn

    for student in method.learners:
        student.stages = lambda view: (Train("turns", {"a": view, "b": view}, step="turn", alternating=True),)
        student.turn = turning(student)
    context = sliced(tmp_path)
    context.budget = context.budget.model_copy(update={"updates": 3, "accounting": "per-stage"})
    outcome = train(method, VOLUMES, context)
    assert seen == [(kind, axis) for kind in "aba" for axis in range(3)]
    assert outcome.passes == 2 * 3 * 3


def test_flips_of_the_task_are_not_those_of_each_axis() -> None:
    with pytest.raises(UserError, match="slices along one axis"):
        three("data-distillation", transforms="flips")
    with pytest.raises(UserError, match="use view 2d"):
        built("model-distillation", ndim=3, geometry=SOLID, views="three")


def test_with_nothing_unlabeled_there_are_still_three() -> None:
    (stage,) = three("model-distillation").stages(make_view(SOLID, "scarce", labeled=8))
    assert isinstance(stage, Train)
    assert [o.modules for o in stage.optimisers] == [(f"students.{i}",) for i in range(3)]
