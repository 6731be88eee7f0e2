"""What methods that label images themselves share: networks along several axes, and super-classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Optimiser, Setting, Train, TrainingView, UserError, param
from ._segmentation_loss import SegmentationLoss
from ._superclasses import Groups, groups_of, mixed_loss

VIEWS = (0, 1, 2)
"""Axes that slices are cut along: sagittal, coronal and axial for a volume in RAS order."""


class PseudoLabels(SegmentationLoss):
    """Labels of the unlabeled cases from models, for other models to learn from.

    - `views: three` is what Huo et al. (2021) do with volumes: a 2-D network along each axis in place of one, for every
      model, and the majority of their labels.
    - `superclasses`: a teacher's votes are added up over the classes of a super-class, and a student's predictions are
      reduced to super-classes where it learns from pseudo-labels. A last training then goes on from there with
      pseudo-labels of all classes (`fine_share`). The paper's teachers know no finer classes than those.
    """

    knows = "scarce"

    class Params(SegmentationLoss.Params):
        views: Literal["one", "three"] = param(
            "one", source="Huo et al. 2021, Section 4.1: three", help="three: a 2-D network along each axis of volumes"
        )
        superclasses: tuple[tuple[str, ...], ...] = param(
            (), source="Huo et al. 2021, Section 5.2", help="groups of classes that pseudo-labels do not tell apart"
        )
        fine_share: float = param(
            0.25,
            gt=0,
            lt=1,
            source="unstated in Huo et al. 2021",
            help="with superclasses, the last training's part of what the first models leave; no "
            "effect with accounting per-stage, where each stage has all",
        )

        def misfit(self, setting: Setting) -> str:
            """Views of what is no volume fed as slices, super-classes that are none of the task."""
            if self.views == "three" and not setting.sliced:
                return "views three trains 2-D networks on slices of volumes: give it volumes, and view 2d"
            values = ("background", *setting.task.classes)
            listed = [name for group in self.superclasses for name in group]
            if unknown := [name for name in listed if name not in values]:
                return f"superclasses: {', '.join(unknown)}: no such class; there are {', '.join(values)}"
            if len(set(listed)) < len(listed):
                return "superclasses: a class is in two super-classes; leave it in one"
            if any(len(group) == len(values) for group in self.superclasses):
                return "superclasses: all classes are in one super-class, which tells nothing apart; leave one out"
            return ""

    def set_up_views(self) -> int:
        """Number of networks of a model; refuses what the data cannot have."""
        if self.params.views == "three" and self.ndim != 2:
            raise UserError(f"method {self.name}: views three trains 2-D networks on slices of volumes: use view 2d")
        self.slice_axes = VIEWS if self.params.views == "three" else ()
        self.pseudo: dict[str, list[bool]] = {}
        self.reduces = False
        assert self.groups is not None
        return len(self.slice_axes) or 1

    @property
    def groups(self) -> Groups:
        """The super-classes; none where pseudo-labels tell all classes apart."""
        named = self.params.superclasses
        return groups_of(named, self.task) if named else ()

    def note_pseudo_labels(self, stage: Train, reduces: bool) -> None:
        """Remember which cases of a stage have pseudo-labels, and whether predictions are reduced for them."""
        views = stage.on if isinstance(stage.on, Mapping) else {"": stage.on}
        self.pseudo = {name: [bool(case.label_source) for case in part.cases] for name, part in views.items()}
        self.reduces = reduces

    def flags(self, view: str, batch: Batch) -> list[bool] | None:
        """Which images of a batch have pseudo-labels of super-classes; None where no prediction is reduced."""
        return [self.pseudo[view][case] for case in batch.case.tolist()] if self.reduces else None

    def objective(
        self, logits: Tensor, batch: Batch, pseudo: Sequence[bool] | None, loss: Callable[..., Tensor] | None = None
    ) -> Tensor:
        """The loss (of a wrapped method: its own), for images with pseudo-labels that of super-classes."""
        with torch.autocast(logits.device.type, enabled=False):
            if pseudo is None or not any(pseudo):
                return (loss or self.loss)(logits.float(), batch)
            return mixed_loss(loss or self.loss, logits.float(), batch, pseudo, self.groups)

    def probabilities(self, image: Tensor, view: int) -> Tensor:
        """Class probabilities by the network of a view, of slices cut along its axis."""
        raise NotImplementedError

    def predict(self, image: Tensor) -> Tensor:
        found = [self.probabilities(image, view) for view in range(len(self.slice_axes) or 1)]
        return torch.stack(found).mean(0)

    def predict_along(self, image: Tensor, axis: int) -> Tensor:
        return self.probabilities(image, self.slice_axes.index(axis))


def of_view(name: str, view: int | None) -> str:
    """The name of what belongs to one of several views; None: there are not several."""
    return name if view is None else f"{name}@{view}"


T = TypeVar("T", bound=Train)


def along_axes(stage: T, axes: Sequence[int]) -> T:
    """The stage with what it learns from once for each axis, by names of `of_view`; itself where there are no axes."""
    if not axes:
        return stage
    views: Mapping[str, TrainingView] = stage.on if isinstance(stage.on, Mapping) else {"": stage.on}
    named = {of_view(name, i): (view, axes[i]) for i in range(len(axes)) for name, view in views.items()}
    return replace(
        stage,
        on={name: view for name, (view, _) in named.items()},
        slice_axis={name: axis for name, (_, axis) in named.items()},
        alternating=stage.alternating * len(axes),
    )


def batches_of(batches: Batch | Mapping[str, Batch], view: int | None) -> Batch | Mapping[str, Batch]:
    """What is one view's of a step's batches, by the names that it had before `along_axes`."""
    if view is None or isinstance(batches, Batch):
        return batches
    end = of_view("", view)
    found = {name.removesuffix(end): batch for name, batch in batches.items() if name.endswith(end)}
    return found.get("", found)


def losses_of(
    result: Tensor | Mapping[str, Tensor] | None, optimisers: Sequence[Optimiser], view: int | None
) -> dict[str, Tensor]:
    """What one view's step returned, by the names of that view's optimisers."""
    if result is None:
        return {}
    losses = result if isinstance(result, Mapping) else {each.name: result for each in optimisers}
    return {of_view(name, view): loss for name, loss in losses.items()}
