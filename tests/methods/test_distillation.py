"""Model, data and hierarchical distillation: who votes, what the vote is, and how any method learns from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Relabel, Task, TrainingView
from nsbench.benchmark.testing.trial import CPU, context_in
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training.relabel import relabel
from nsbench.methods._transforms import randomly_transformed, transforms_of

from .scarce import VIEW, WORLD, after, built, same, trained

SQUARE = ((0, 1, 2, 3), ((), (0,)))


def graph(name: str, view: TrainingView = VIEW, **params: Any) -> dict[str, Any]:
    return {stage.name: stage for stage in built(name, **params).stages(view)}


def test_models_of_unequal_length_vote_on_the_unlabeled_cases() -> None:
    stages = graph("hierarchical-distillation")
    assert list(stages) == ["base0", "base1", "base2", "distilled", "retrain-train"]
    assert [stages[f"base{i}"].fraction for i in range(3)] == pytest.approx([0.5 * part / 9 for part in (2, 3, 4)])
    assert all(stages[f"base{i}"].on == VIEW.labeled for i in range(3))
    vote = stages["distilled"]
    assert (vote.by, vote.on, vote.vote) == (("base0", "base1", "base2"), VIEW.unlabeled, "hard")
    assert len(vote.turns) * len(vote.flips) == 12
    mix = {case.id: case.label_source for case in stages["retrain-train"].on.cases}
    assert mix == dict.fromkeys(VIEW.labeled.ids, "") | dict.fromkeys(VIEW.unlabeled.ids, "distilled")


@pytest.mark.parametrize(
    ("params", "special", "its_params"),
    [
        ({"transforms": "none", "models": 2}, "model-distillation", {"models": 2}),
        ({"models": 1}, "data-distillation", {}),
    ],
    ids=["K=identity", "T=1"],
)
def test_the_special_cases_of_hierarchical_distillation(
    params: dict[str, Any], special: str, its_params: dict[str, Any], tmp_path: Path
) -> None:
    assert graph("hierarchical-distillation", **params) == graph(special, **its_params)
    whole = trained(built("hierarchical-distillation", **params), tmp_path / "whole", updates=1)
    assert same(whole, trained(built(special, **its_params), tmp_path / "special", updates=1))
    assert same(after(tmp_path / "whole", "distilled"), after(tmp_path / "special", "distilled"))


def test_model_and_hierarchical_distillation_share_their_base_models() -> None:
    ours, theirs = graph("model-distillation"), graph("hierarchical-distillation")
    for name in ("base0", "base1", "base2"):
        assert ours[name] == theirs[name]
        assert {"loss", "augmentation"} <= set(ours[name].shared)
    assert same(built("model-distillation").state_dict(), built("hierarchical-distillation").state_dict())


class Ramp:
    """Predicts from the brightness and the place of a voxel: turning the image does not just turn the labels."""

    slice_axes = ()

    def __init__(self) -> None:
        self.slope = torch.tensor(0.0)

    def eval(self) -> None:
        """Nothing to switch."""

    def state_dict(self) -> dict[str, Tensor]:
        return {"slope": self.slope}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.slope = state["slope"]

    def predict(self, image: Tensor) -> Tensor:
        place = torch.linspace(-1, 1, image.shape[2])[:, None] * self.slope
        share = (image[:, :1] + place).sigmoid()
        return torch.cat([1 - share, share], 1)


@pytest.mark.parametrize("vote", ["hard", "soft"])
@pytest.mark.parametrize("turn", [1, 2, "mirror"])
def test_the_vote_over_a_group_turns_with_the_image(vote: Any, turn: Any, tmp_path: Path) -> None:
    square = Geometry(2, 1)
    draw = torch.Generator().manual_seed(0)
    images = {case.id: torch.randn(1, 32, 32, generator=draw) for case in make_view(square).cases[:2]}
    how = context_in(str(tmp_path), square, patch=(32, 32))
    weights = [{"slope": torch.tensor(slope)} for slope in (1.0, 2.0, 0.5)]

    def labels(moved: bool, flips: Any, turns: Any) -> dict[str, Tensor]:
        cases = tuple(
            _with(case, _move(images[case.id], turn) if moved else images[case.id])
            for case in make_view(square).cases[:2]
        )
        stage = Relabel("r", TrainingView(cases), by=("a", "b", "c"), flips=flips, turns=turns, vote=vote)
        return relabel(Ramp(), weights, stage, how.budget, how.sampling, CPU)  # type: ignore[arg-type]

    straight, turned = labels(False, SQUARE[1], SQUARE[0]), labels(True, SQUARE[1], SQUARE[0])
    assert all(torch.equal(_move(straight[name], turn), turned[name]) for name in straight)
    alone, alone_turned = labels(False, ((),), (0,)), labels(True, ((),), (0,))
    assert not all(torch.equal(_move(alone[name], turn), alone_turned[name]) for name in alone)


def _move(values: Tensor, turn: Any) -> Tensor:
    return values.flip(-2) if turn == "mirror" else values.rot90(turn, (-2, -1))


def _with(case: Any, image: Tensor) -> Any:
    return replace(case, image=image.numpy().copy())


def test_models_vote_after_their_transforms_have(tmp_path: Path) -> None:
    """Eq. 10 is a vote of votes: two models that lean one way by a narrow vote outvote one that is sure."""
    square = Geometry(2, 1)
    (case,) = make_view(square).cases[:1]
    how = context_in(str(tmp_path), square, patch=(32, 32))
    method = Ramp()
    votes = {1.0: [1, 1, 0], 2.0: [1, 1, 0], 3.0: [0, 0, 0]}
    calls: list[float] = []

    def predict(image: Tensor) -> Tensor:
        calls.append(float(method.slope))
        chosen = votes[calls[-1]][calls.count(calls[-1]) - 1]
        share = torch.full_like(image[:, :1], 0.6 if chosen else 0.4)
        return torch.cat([1 - share, share], 1)

    method.predict = predict  # type: ignore[method-assign]
    view = TrainingView((_with(case, torch.zeros(1, 32, 32)),))
    stage = Relabel("r", view, by=("a", "b", "c"), flips=((), (0,), (1,)), vote="hard")
    weights = [{"slope": torch.tensor(slope)} for slope in votes]
    (label,) = relabel(method, weights, stage, how.budget, how.sampling, CPU).values()  # type: ignore[arg-type]
    assert label.unique().tolist() == [1], "of all nine votes four are for it, but two of three models"


def test_several_stages_are_wrapped(tmp_path: Path) -> None:
    inner = {"models": 2, "final_share": 0.4}
    method = built("model-distillation", models=1, retrain="label-update", retrain_params=inner)
    stages = {stage.name: stage for stage in method.stages(VIEW)}
    assert list(stages) == ["base0", "distilled", "retrain-ensemble", "retrain-update", "retrain-retrain"]
    last = stages["retrain-retrain"]
    assert {case.label_source for case in last.on.cases} == {"retrain-update"}
    assert {case.label_source for case in stages["retrain-update"].on.cases} == {"", "distilled"}
    assert stages["retrain-update"].by == ("retrain-ensemble",)
    assert [o.modules for o in last.optimisers] == [("students.0.network",)]
    assert (stages["retrain-ensemble"].share, last.share) == (pytest.approx(0.6), pytest.approx(0.4))
    final = trained(method, tmp_path, updates=1)
    before, first = after(tmp_path, "base0"), after(tmp_path, "retrain-ensemble")
    assert not same(before, first, (name for name in before if name.startswith("students.0.ensemble.0.head")))
    assert same(first, final, (name for name in first if name.startswith(("models", "students.0.ensemble"))))
    image = torch.randn(1, 1, 32, 16)
    with torch.no_grad():
        torch.testing.assert_close(method.eval().predict(image), method.students[0].network(image).softmax(1))


def test_with_nothing_unlabeled_the_wrapped_method_learns_alone() -> None:
    stages = graph("hierarchical-distillation", make_view(WORLD, "scarce", labeled=8))
    assert list(stages) == ["retrain-train"]


def test_what_needs_unlabeled_cases_cannot_retrain() -> None:
    with pytest.raises(UserError, match="retrain massl needs unlabeled cases"):
        built("model-distillation", retrain="massl")
    with pytest.raises(UserError, match="unknown method 'cee'"):
        built("model-distillation", retrain="cee")


def test_base_models_learn_from_turned_batches_and_labels_turn_with_them(random_batch: Any) -> None:
    batch = random_batch(3, (2, 8, 4), ignored=0.3)
    batch.image = batch.label[:, None].float()
    torch.manual_seed(0)
    shapes = set()
    for _ in range(12):
        turned = randomly_transformed(batch, *SQUARE)
        assert torch.equal(turned.image[:, 0].long(), turned.label)
        assert turned.ignore.sum() == batch.ignore.sum()
        shapes.add(tuple(turned.label.shape))
    assert shapes == {(2, 8, 4), (2, 4, 8)}


@pytest.mark.parametrize(("augmentation", "seen"), [("none", 1), ("square", 8), ("rotations-and-flips", 8)])
def test_a_base_model_is_fed_with_what_the_augmentation_makes_of_a_batch(
    augmentation: str, seen: int, random_batch: Any
) -> None:
    method = built("data-distillation", augmentation=augmentation)
    method.enter_stage(graph("data-distillation", augmentation=augmentation)["base0"])
    batch = random_batch(3, (2, 4, 4))
    batch.image = batch.label[:, None].float()
    taught: list[Tensor] = []

    def objective(logits: Tensor, turned: Any, pseudo: None) -> Tensor:
        assert torch.equal(logits[:, 0].long(), turned.label), "image and label turn together"
        taught.append(turned.label)
        return logits.sum()

    method.models[0], method.objective = torch.nn.Identity(), objective
    torch.manual_seed(0)
    for _ in range(64):
        method.base_step(batch, 0.0)
    assert len({tuple(label.flatten().tolist()) for label in taught}) == seen


def test_plausible_flips_are_those_of_the_task() -> None:
    task = Task("task", ("a",), ndim=3, flips=(0, 2))
    assert transforms_of("flips", task, 3) == ((0,), ((), (0,), (2,), (0, 2)))
    assert transforms_of("flips", task, 2) == ((0,), ((), (0,)))
