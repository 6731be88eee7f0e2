"""Generations of teachers and students that hand on pseudo-labels (Huo et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ..benchmark.plugin import Batch, Builder, Optimiser, Relabel, Stage, Train, TrainingView, param
from ._batches import mixed
from ._noise_tolerant import nothing_valid
from ._pseudo_labels import PseudoLabels
from ._segmentation_loss import SegmentationLoss

INITIAL_MODEL, FINE = "m0", "fine"


class Generations(PseudoLabels):
    """What `self-learning`, `stso` and `atso` share: M0, pseudo-labels of the unlabeled cases, students of both.

    - The loss of the paper's backbone on medical images is Dice, that on natural images cross entropy: `loss`.
    - The budget counts all generations, so few are the default; the paper runs 4 and 5. Predicting the unlabeled cases
      costs time beside the updates. With nothing unlabeled all updates are M0's.
    - `labeled_fraction`: how a batch is made up is not stated; unset, all cases are drawn alike.
    - Each student's schedule starts anew, at `student_rate` times the learning rate. A student of few updates (ATSO has
      the most students) can fall below M0 at 1; a smaller rate keeps it closer.
    """

    citation = (
        "Huo, Xie, He, Yang, Zhou, Li & Tian, 'ATSO: Asynchronous teacher-student optimization for semi-supervised "
        "image segmentation', CVPR 2021"
    )

    class Params(PseudoLabels.Params):
        generations: int = param(
            2, ge=1, le=20, low=1, high=5, source="Huo et al. 2021, Algorithm 1: T; Table 1: 5, Table 3: 4"
        )
        initial_fraction: float = param(
            0.5,
            gt=0,
            lt=1,
            low=0.2,
            high=0.8,
            source="unstated in Huo et al. 2021",
            help="M0's part of the updates; no effect with accounting per-stage, where each stage has all",
        )
        student_rate: float = param(
            1.0,
            gt=0,
            le=10,
            low=0.1,
            high=1.0,
            scale="log",
            source="unstated in Huo et al. 2021: fine-tuning",
            help="students' learning rate as a multiple of M0's",
        )
        labeled_fraction: float | None = param(
            None, gt=0, lt=1, source="unstated in Huo et al. 2021", help="labeled images in a student's batch"
        )

    def setup(self, build: Builder) -> None:
        self.networks = nn.ModuleList([build.network() for _ in range(self.set_up_views())])
        self.passes = float(len(self.networks))

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        if not len(view.unlabeled):
            return (self.lesson(INITIAL_MODEL, view.labeled),)
        fraction, counts = self.params.initial_fraction, (*SegmentationLoss.Params.model_fields, "views")
        first = self.lesson(INITIAL_MODEL, view.labeled, fraction=fraction, shared=counts)
        return (first, *self.students(view.labeled, view.unlabeled), *self.fine(view))

    def students(self, labeled: TrainingView, unlabeled: TrainingView) -> Sequence[Stage]:
        """The generations; the last stage is the model to predict with."""
        raise NotImplementedError

    def fine(self, view: TrainingView) -> Sequence[Stage]:
        """With super-classes: on from the last model, with pseudo-labels of all classes."""
        if not self.groups:
            return ()
        last = self.students(view.labeled, view.unlabeled)[-1].name
        share = self.params.fine_share / (1 - self.params.fine_share)
        relabeled = view.unlabeled.relabeled(f"{FINE}-labels")
        return (
            Relabel(f"{FINE}-labels", on=view.unlabeled, by=(last,)),
            self.lesson(FINE, view.labeled, relabeled, start=last, share=share),
        )

    def pseudo_labels(self, name: str, on: TrainingView, teacher: str) -> Relabel:
        """Labels, of super-classes if there are any, by the weights of a stage."""
        return Relabel(name, on=on, by=(teacher,), groups=self.groups)

    def lesson(self, name: str, labeled: TrainingView, pseudo: TrainingView | None = None, **rest: Any) -> Train:
        """A stage in which every network learns from slices along its axis, or from the cell's view."""
        kinds = {"cases": labeled if pseudo is None else labeled + pseudo}
        if pseudo is not None and self.params.labeled_fraction is not None:
            kinds = {"labeled": labeled, "pseudo": pseudo}
        networks = range(len(self.networks))
        on = {f"{kind}{i}": part for i in networks for kind, part in kinds.items()}
        axes = {view: self.slice_axes[int(view[-1])] for view in on} if self.slice_axes else None
        factor = 1.0 if name == INITIAL_MODEL else self.params.student_rate
        optimisers = tuple(Optimiser(f"network{i}", (f"networks.{i}",), factor=factor) for i in networks)
        return Train(name, on, optimisers=optimisers, slice_axis=axes, **rest)

    def enter_stage(self, stage: Train) -> None:
        self.note_pseudo_labels(stage, reduces=stage.name not in (INITIAL_MODEL, FINE) and bool(self.groups))

    def step(self, batches: Mapping[str, Batch], progress: float) -> dict[str, Tensor] | None:  # type: ignore[override]
        losses = {}
        for i, network in enumerate(self.networks):
            batch, pseudo = self.batch_of(batches, i)
            if not nothing_valid(batch):
                losses[f"network{i}"] = self.objective(network(batch.image), batch, pseudo)
        return losses or None

    def batch_of(self, batches: Mapping[str, Batch], network: int) -> tuple[Batch, list[bool] | None]:
        """What a network learns from, and of which images the label is a pseudo-label (where that matters)."""
        batch = batches.get(f"cases{network}")
        if batch is not None:
            return batch, self.flags(f"cases{network}", batch)
        labeled, pseudo = batches[f"labeled{network}"], batches[f"pseudo{network}"]
        batch, count = mixed(labeled, pseudo, self.params.labeled_fraction)
        return batch, [i >= count for i in range(len(batch.label))] if self.reduces else None

    def probabilities(self, image: Tensor, view: int) -> Tensor:
        found: Tensor = self.networks[view](image).float().softmax(1)
        return found
