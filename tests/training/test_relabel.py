"""Relabeling: votes, ties, mirrored copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nsbench.benchmark.plugin import LossMethod, Relabel, TrainingView
from nsbench.benchmark.testing.trial import CPU
from nsbench.benchmark.training.context import TrainContext
from nsbench.benchmark.training.relabel import apply_labels, relabel

Make = Callable[..., Any]
MakeContext = Callable[..., TrainContext]
VOTES = [(0.9, 0.4, 0.4), (0.9, 0.4), (0.4, 0.45, 0.6), (0.2, 0.9)]


class Fixed(LossMethod):
    """Predicts its only weight as the probability of class 1, everywhere."""

    name = "fixed"

    def setup(self, build: Any) -> None:
        self.share = torch.nn.Parameter(torch.zeros(()))

    def predict(self, image: Tensor) -> Tensor:
        share = self.share.expand(len(image), 1, *image.shape[2:])
        return torch.cat([1 - share, share], 1)


def labels_of(method: Any, weights: Sequence[dict[str, Any]], stage: Relabel, context: TrainContext) -> dict[str, Any]:
    return relabel(method, list(weights), stage, context.budget, context.sampling, CPU)


def states(*shares: float) -> list[dict[str, Tensor]]:
    return [{"share": torch.tensor(share)} for share in shares]


@pytest.mark.parametrize(("vote", "expected"), [("soft", [1, 1, 0, 1]), ("hard", [0, 1, 0, 1])])
def test_votes_are_averaged_or_counted_and_ties_go_to_the_greater_probability(
    make: Make, context: MakeContext, view: TrainingView, vote: Any, expected: list[int]
) -> None:
    stage = Relabel("labels", on=view.fold(0, 4), by=("a",), vote=vote)
    found = [labels_of(make(Fixed), states(*shares), stage, context()) for shares in VOTES]
    assert [set(each["case0"].unique().tolist()) for each in found] == [{value} for value in expected]
    assert list(found[0]) == list(view.fold(0, 4).ids)
    assert found[0]["case4"].dtype == torch.uint8
    assert tuple(found[0]["case4"].shape) == view.cases[4].label.shape


def test_the_method_keeps_its_own_weights(make: Make, context: MakeContext, view: TrainingView) -> None:
    method = make(Fixed)
    method.share.data.fill_(0.25)
    labels_of(method, states(0.9, 0.1), Relabel("labels", on=view, by=("a", "b")), context())
    assert method.share == 0.25


@pytest.mark.parametrize("vote", ["soft", "hard"])
def test_votes_over_mirrored_copies_are_mirrored_with_the_image(
    make: Make, context: MakeContext, view: TrainingView, vote: Any
) -> None:
    method = make()
    flips = ((), (0,), (1,), (0, 1))
    stage = Relabel("labels", on=view, by=("a",), flips=flips, vote=vote)
    turned = TrainingView(tuple(replace(case, image=case.image[:, ::-1].copy()) for case in view.cases))
    straight = labels_of(method, [method.state_dict()], stage, context())
    mirrored = labels_of(method, [method.state_dict()], replace(stage, on=turned), context())
    assert all(0 < label.float().mean() < 1 for label in straight.values())
    assert all(torch.equal(straight[name].flip(0), mirrored[name]) for name in straight)
    without = replace(stage, flips=((),))
    alone = [labels_of(method, [method.state_dict()], replace(without, on=each), context()) for each in (view, turned)]
    assert not all(torch.equal(alone[0][name].flip(0), alone[1][name]) for name in alone[0])


def test_labels_replace_those_of_the_cases_that_ask_for_them(view: TrainingView) -> None:
    new = {name: torch.ones(view.cases[0].label.shape, dtype=torch.uint8) for name in view.ids}
    mixed = view.fold(0, 2) + view.fold(1, 2).relabeled("votes")
    found = apply_labels(mixed, lambda name: {"labels": new} if name == "votes" else None)
    for case, before in zip(found.cases, mixed.cases):
        expected = np.ones_like(before.label) if before.label_source else before.label
        np.testing.assert_array_equal(case.label, expected)
        assert case.label_source == ""
    assert apply_labels(view, lambda name: None) is view
