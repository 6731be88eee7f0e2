"""What the distillations share: base models vote on pseudo-labels, and another method learns from the mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, Optimiser, Relabel, Stage, Train, TrainingView, UserError, param
from ._noise_tolerant import nothing_valid
from ._segmentation_loss import SegmentationLoss
from ._several import several_networks
from ._transforms import TRANSFORMS, Flips, Turns, randomly_transformed, transforms_of
from ._wrapping import Retrain, wrapped_stages

BASE, LABELS = "base", "distilled"


class Distillation(SegmentationLoss):
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
    - The paper retrains TSMAN, "as well as other methods". Here `ce` by default, so that rows differ by their
      labels; `retrain: tsman` is the paper's whole.
    """

    citation = (
        "Min, Chen, Zha, Wu & Zhang, 'A two-stream mutual attention network for semi-supervised biomedical "
        "segmentation with noisy labels', AAAI 2019"
    )
    knows = "scarce"

    class Params(SegmentationLoss.Params):
        loss: Literal["dice", "nr-dice", "ce"] = param(
            "ce", source="Yu et al. 2017 (DenseVoxNet), Section 2.2", help="of the base models"
        )
        retrain: str = param(
            "ce",
            source="Min et al. 2019, Experiments: tsman and others",
            help="method that learns from the mix",
            names_plugin=True,
        )
        retrain_params: dict[str, Any] = param({}, source="nsbench", help="parameters of that method")
        base_fraction: float = param(
            0.5, gt=0, lt=1, low=0.3, high=0.7, source="unstated in Min et al. 2019", help="updates of the base models"
        )
        lengths: Literal["unequal", "equal"] = param(
            "unequal", source="Min et al. 2019, Implementation: 10000, 15000, 20000", help="of the base models"
        )
        augmentation: Literal["rotations-and-flips", "square", "none"] = param(
            "rotations-and-flips", source="Min et al. 2019, Datasets", help="of the base models' batches"
        )
        vote: Literal["hard", "soft"] = param(
            "hard", source="Min et al. 2019, Eq. 8-10: g", help="count labels, or average probabilities"
        )

    def setup(self, build: Builder) -> None:
        self.models = several_networks(build, self.count)
        self.student = build.method(self.params.retrain, self.params.retrain_params)
        if self.student.knows == "scarce":
            raise UserError(f"method {self.name}: retrain {self.params.retrain} needs unlabeled cases; none are left")
        self.register_buffer("active", torch.tensor(0))
        # hidden from what a shared stage is known by: it is unset where another cell trained the stage before
        self._current: Train | None = None
        self.passes = self.params.base_fraction + (1 - self.params.base_fraction) * self.student.passes

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
            return wrapped_stages(self.student, view.labeled, "student", "retrain_step")
        turns, flips = self.transforms
        base = [self.base_stage(i, view.labeled) for i in range(self.count)]
        names = tuple(stage.name for stage in base)
        labels = Relabel(LABELS, on=view.unlabeled, by=names, flips=flips, turns=turns, vote=self.params.vote)
        mix = view.labeled + view.unlabeled.relabeled(LABELS)
        return (*base, labels, *wrapped_stages(self.student, mix, "student", "retrain_step"))

    def base_stage(self, index: int, labeled: TrainingView) -> Train:
        """Model number `index`, the same in all distillations that have as many."""
        parts = [i + 2 if self.params.lengths == "unequal" else 1 for i in range(self.count)]
        return Train(
            f"{BASE}{index}",
            on=labeled,
            step="base_step",
            fraction=self.params.base_fraction * parts[index] / sum(parts),
            shared=(*SegmentationLoss.Params.model_fields, "augmentation"),
            optimisers=(Optimiser("main", (f"models.{index}",)),),
        )

    def begin_stage(self, stage: Train) -> None:
        retrains = isinstance(stage, Retrain)
        self.active.fill_(-1 if retrains else int(stage.name.removeprefix(BASE)))  # type: ignore[operator]
        if isinstance(stage, Retrain) and stage.inner is not None:
            self.student.begin_stage(stage.inner)

    def enter_stage(self, stage: Train) -> None:
        self._current = stage
        self.passes = self.student.passes if isinstance(stage, Retrain) else 1.0
        if isinstance(stage, Retrain) and stage.inner is not None:
            self.student.enter_stage(stage.inner)

    def base_step(self, batch: Batch, progress: float) -> Tensor | None:
        """One base model's loss."""
        assert self._current is not None
        if nothing_valid(batch):
            return None
        turned = randomly_transformed(batch, *TRANSFORMS[self.params.augmentation])
        logits = self.models[int(self._current.name.removeprefix(BASE))](turned.image)
        with torch.autocast(logits.device.type, enabled=False):
            return self.loss(logits.float(), turned)

    def retrain_step(self, batch: Any, progress: float) -> Any:
        """The wrapped method's own step."""
        assert isinstance(self._current, Retrain)
        assert self._current.inner is not None
        return getattr(self.student, self._current.inner.step)(batch, progress)

    def after_update(self, progress: float) -> None:
        if isinstance(self._current, Retrain):
            self.student.after_update(progress)

    def take_logs(self) -> tuple[dict[str, Tensor], Tensor | None]:
        """What this method and the wrapped one logged."""
        logged, trust = super().take_logs()
        theirs, their_trust = self.student.take_logs()
        return {**logged, **theirs}, their_trust if trust is None else trust

    def predict(self, image: Tensor) -> Tensor:
        """The wrapped method's probabilities; those of the last base model that learned, before it has its turn."""
        active = int(self.active)  # type: ignore[arg-type]
        if active < 0:
            return self.student.predict(image)
        probabilities: Tensor = self.models[active](image).float().softmax(1)
        return probabilities
