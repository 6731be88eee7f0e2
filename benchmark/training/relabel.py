"""Relabel stages: new labels for training cases from the predictions of earlier stages' weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor

from ..budget import Budget
from ..errors import CellFailure
from ..inference.predict import hard_vote, majority, predicted_axes, probabilities_along
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
    """Labels uint8 `[*spatial]` by case id, voted over the stage's transforms, then over the given weights.

    A tie of hard votes goes to the class with the larger summed probability.
    """
    before = {name: value.clone() for name, value in method.state_dict().items()}
    method.eval()
    labels: dict[str, Tensor] = {}
    for case in stage.on.cases:
        image, votes = tensor_of(case.image), []
        for state in weights:
            method.load_state_dict(state)
            votes.append(_voted(method, image, stage, budget, sampling, device))
        labels[case.id] = _elected(_sum(votes), stage.groups).to(torch.uint8).cpu()
    method.load_state_dict(before)
    return labels


def _voted(
    method: Method, image: Tensor, stage: Relabel, budget: Budget, sampling: Sampling, device: torch.device
) -> Tensor:
    """The vote of one stage's weights `[num_classes, *spatial]`, over the transforms of the image.

    Where a method has a network for each of several axes, the transforms are of the slices along each; these
    networks' votes are one prediction.
    """
    votes = []
    for turns, flips in product(stage.turns, stage.flips):
        along = []
        for axis in predicted_axes(method, sampling.slice_axis):
            transform = Transform.on_input(image.ndim - 1, axis, turns, flips)
            along.append(transform.undo(probabilities_along(method, transform.apply(image), budget, axis, device)))
        found = majority(along)
        votes.append(found if stage.vote == "soft" else hard_vote(found))
    together = len(stage.by) == 1 or len(votes) == 1 or stage.vote == "soft"
    return _sum(votes) if together else hard_vote(_sum(votes) / len(votes))


def _sum(votes: list[Tensor]) -> Tensor:
    return sum(votes[1:], votes[0])


def _elected(votes: Tensor, groups: tuple[tuple[int, ...], ...]) -> Tensor:
    """The class of most votes `[*spatial]`; groups vote together and are represented by their first class."""
    for first, *others in groups:
        votes[first] += votes[others].sum(0)
        votes[others] = -1.0
    return votes.argmax(0)


@dataclass(frozen=True)
class Transform:
    """Mirroring, then quarter turns, of an image or a prediction `[C, *spatial]`; axes are those of the tensor."""

    turns: int
    plane: tuple[int, ...]
    flips: tuple[int, ...]

    @classmethod
    def on_input(cls, ndim: int, slice_axis: int | None, turns: int, flips: tuple[int, ...]) -> Transform:
        """The transform that `Relabel` describes by axes of the network's input, for cases with `ndim` spatial axes."""
        fed = [axis + 1 for axis in range(ndim) if axis != slice_axis]
        return cls(turns % 4, tuple(fed[:2]), tuple(fed[axis] for axis in flips))

    def apply(self, image: Tensor) -> Tensor:
        """The image, transformed; the tensor itself where there is nothing to do."""
        mirrored = image.flip(self.flips) if self.flips else image
        return mirrored.rot90(self.turns, self.plane) if self.turns else mirrored

    def undo(self, prediction: Tensor) -> Tensor:
        """A prediction of the transformed image, as one of the image itself."""
        turned = prediction.rot90(-self.turns, self.plane) if self.turns else prediction
        return turned.flip(self.flips) if self.flips else turned


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
