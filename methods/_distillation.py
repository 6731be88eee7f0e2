"""What the distillations share: base models vote on pseudo-labels, and another method learns from the mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, Optimiser, Relabel, Setting, Stage, Train, TrainingView, UserError, param
from ._noise_tolerant import nothing_valid
from ._pseudo_labels import along_axes, batches_of, of_view
from ._retraining import Retraining
from ._segmentation_loss import SegmentationLoss
from ._several import several_networks
from ._transforms import TRANSFORMS, Flips, Turns, randomly_transformed, transforms_of
from ._wrapping import Retrain

BASE, LABELS = "base", "distilled"


class Distillation(Retraining):
    """T base models learn from the labeled cases, label the others by vote, and `retrain` learns from both.

    Min et al. (2019), "Hierarchical Distillation". With nothing unlabeled there is nothing to vote on: `retrain` learns
    from the labeled cases for all of the updates.

    - The models differ in initialisation and in length, 10000, 15000 and 20000 updates: model i of T gets
      i + 2 parts here (`lengths`). They learn in turn. Where the updates are few the shortest model has hardly begun
      and spoils the vote: then `lengths: equal`, `augmentation: none`, or a budget with `accounting: per-stage`.
    - "Random rotations and flipping" are the paper's augmentation, without which a model knows no turned image: the
      base models train on randomly turned and mirrored batches (`augmentation`), beside what the budget does.
    - The vote counts labels, a model's transforms first (Eq. 9), then the models (Eq. 10); a tie goes to the greater
      probability. `vote: soft` averages probabilities.
    - The paper retrains TSMAN, "as well as other methods". Here `ce` by default, so that a row differs from
      that of `ce` by its labels alone; `retrain: tsman` is the paper's whole.
    - `views: three`: every base model is three networks, whose majority is its vote on an image and on each of its
      transforms, which are those of the slices along each axis; `retrain` learns along each axis, too.
    - `superclasses`: the base models vote on super-classes; the retrained model labels all classes for the last part.
    """

    citation = (
        "Min, Chen, Zha, Wu & Zhang, 'A two-stream mutual attention network for semi-supervised biomedical "
        "segmentation with noisy labels', AAAI 2019"
    )

    class Params(Retraining.Params):
        loss: Literal["dice", "nr-dice", "ce"] = param(
            "ce", source="Yu et al. 2017 (DenseVoxNet), Section 2.2", help="of the base models"
        )
        base_fraction: float = param(
            0.5,
            gt=0,
            lt=1,
            low=0.3,
            high=0.7,
            source="unstated in Min et al. 2019",
            help="updates of the base models together; no effect with accounting per-stage, where each stage has all",
        )
        lengths: Literal["unequal", "equal"] = param(
            "unequal",
            source="Min et al. 2019, Implementation: 10000, 15000, 20000",
            help="of the base models; equal with accounting per-stage, where each stage has all updates",
        )
        augmentation: Literal["rotations-and-flips", "square", "none"] = param(
            "rotations-and-flips", source="Min et al. 2019, Datasets", help="of the base models' batches"
        )
        vote: Literal["hard", "soft"] = param(
            "hard", source="Min et al. 2019, Eq. 8-10: g", help="count labels, or average probabilities"
        )

        def misfit(self, setting: Setting) -> str:
            """Beside what else cannot be: mirrorings of slices where every view has slices of its own."""
            if self.views == "three" and getattr(self, "transforms", "none") == "flips":
                return "transforms flips are of slices along one axis; with views three choose other transforms"
            return super().misfit(setting)

    def setup(self, build: Builder) -> None:
        count = self.set_up_views()
        self.models = several_networks(build, self.count * count)
        self.set_up_students(build)
        if self.slice_axes and getattr(self.params, "transforms", "none") == "flips":
            raise UserError(f"method {self.name}: transforms flips are of slices along one axis; use others with views")
        self.register_buffer("active", torch.tensor(0))
        first = self.params.base_fraction
        self.passes = count * (first + (1 - first) * self.learners[0].passes)

    @property
    def count(self) -> int:
        """T, the number of base models."""
        count: int = getattr(self.params, "models", 1)
        return count

    @property
    def transforms(self) -> tuple[Turns, Flips]:
        """The K transforms over which a model votes."""
        return transforms_of(getattr(self.params, "transforms", "none"), self.task, self.ndim)

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        if not len(view.unlabeled):
            return self.retraining(view.labeled)
        turns, flips = self.transforms
        base = [self.base_stage(i, view.labeled) for i in range(self.count)]
        how: dict[str, Any] = {"flips": flips, "turns": turns, "vote": self.params.vote, "groups": self.groups}
        labels = Relabel(LABELS, on=view.unlabeled, by=tuple(stage.name for stage in base), **how)
        retraining = self.retraining(view.labeled + view.unlabeled.relabeled(LABELS))
        return (*base, labels, *retraining, *self.fine(view, retraining[-1].name))

    def base_stage(self, index: int, labeled: TrainingView) -> Train:
        """Model number `index`, the same in all distillations that have as many."""
        parts = [i + 2 if self.params.lengths == "unequal" else 1 for i in range(self.count)]
        stage = Train(
            f"{BASE}{index}",
            on=labeled,
            step="base_step",
            fraction=self.params.base_fraction * parts[index] / sum(parts),
            shared=(*SegmentationLoss.Params.model_fields, "augmentation", "views"),
            optimisers=tuple(
                Optimiser(of_view("main", view), (f"models.{self.network_of(index, view)}",)) for view in self.views
            ),
        )
        return along_axes(stage, self.slice_axes)

    def network_of(self, model: int, view: int | None) -> int:
        """Which of all networks is a base model's of a view."""
        return model * len(self.views) + (view or 0)

    def begin_stage(self, stage: Train) -> None:
        super().begin_stage(stage)
        retrains = isinstance(stage, Retrain)
        self.active.fill_(-1 if retrains else int(stage.name.removeprefix(BASE)))  # type: ignore[operator]

    def base_step(self, batches: Batch | Mapping[str, Batch], progress: float) -> dict[str, Tensor] | None:
        """One base model's loss, or those of its networks."""
        assert self._current is not None
        model, losses = int(self._current.name.removeprefix(BASE)), {}
        for view in self.views:
            batch = batches_of(batches, view)
            assert isinstance(batch, Batch)
            if not nothing_valid(batch):
                turned = randomly_transformed(batch, *TRANSFORMS[self.params.augmentation])
                logits = self.models[self.network_of(model, view)](turned.image)
                losses[of_view("main", view)] = self.objective(logits, turned, None)
        return losses or None

    def probabilities(self, image: Tensor, view: int) -> Tensor:
        """The wrapped method's; those of the last base model that learned, before it has its turn."""
        active = int(self.active)  # type: ignore[arg-type]
        if active < 0:
            return self.learners[view].predict(image)
        probabilities: Tensor = self.models[self.network_of(active, view)](image).float().softmax(1)
        return probabilities
