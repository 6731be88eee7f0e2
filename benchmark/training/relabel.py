"""Relabel stages: new labels for training cases from the predictions of earlier stages' weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..budget import Budget
from ..errors import CellFailure
from ..inference.predict import hard_vote, predict_probabilities
from ..plugin.method import Method
from ..plugin.stages import Relabel
from ..plugin.view import TrainingView
from .resident import tensor_of
from .sampler import Sampling


def relabel(
    method: Method,
    weights: list[dict[str, Any]],
    stage: Relabel,
    budget: Budget,
    sampling: Sampling,
    device: torch.device,
) -> dict[str, Tensor]:
    """Labels uint8 `[*spatial]` by case id, voted over the given weights and the stage's mirrorings.

    A tie of hard votes goes to the class with the larger summed probability.
    """
    before = {name: value.clone() for name, value in method.state_dict().items()}
    method.eval()
    labels: dict[str, Tensor] = {}
    for case in stage.on.cases:
        image, votes = tensor_of(case.image), []
        for state in weights:
            method.load_state_dict(state)
            votes += [_vote(method, image, flips, stage.vote, budget, sampling, device) for flips in stage.flips]
        labels[case.id] = sum(votes[1:], votes[0]).argmax(0).to(torch.uint8).cpu()
    method.load_state_dict(before)
    return labels


def _vote(
    method: Method,
    image: Tensor,
    flips: tuple[int, ...],
    how: str,
    budget: Budget,
    sampling: Sampling,
    device: torch.device,
) -> Tensor:
    axes = [axis + 1 for axis in flips]
    turned = image.flip(axes) if axes else image
    found = predict_probabilities(method, turned, budget, sampling.slice_axis, device)
    found = found.flip(axes) if axes else found
    return found if how == "soft" else hard_vote(found)


def apply_labels(view: TrainingView, load: Callable[[str], dict[str, Any] | None]) -> TrainingView:
    """Replace the labels of cases that take theirs from an earlier stage's output."""
    sources = {case.label_source for case in view.cases} - {""}
    if not sources:
        return view
    found = {name: _labels_of(name, load(name)) for name in sources}
    cases = [
        replace(case, label=found[case.label_source][case.id].numpy(), label_source="") if case.label_source else case
        for case in view.cases
    ]
    return TrainingView(tuple(cases))


def _labels_of(stage: str, done: dict[str, Any] | None) -> dict[str, Tensor]:
    if done is None or "labels" not in done:
        raise CellFailure(f"the labels of stage {stage} are asked for, but it is not done, or no Relabel")
    labels: dict[str, Tensor] = done["labels"]
    return labels
