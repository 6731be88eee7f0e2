"""Demanding methods that keep every contract: a teacher, folds that label each other, two optimisers, a frozen part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import (
    EMA,
    INITIAL,
    Batch,
    Builder,
    LossMethod,
    Method,
    Optimiser,
    Relabel,
    Stage,
    Train,
    TrainingView,
    UserError,
)


def masked_ce(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy over the valid voxels of the labeled patches."""
    voxels = cross_entropy(logits.float(), batch.label, reduction="none")
    counts = batch.valid * batch.labeled.view(-1, *[1] * (batch.label.ndim - 1))
    return (voxels * counts).sum() / counts.sum().clamp(min=1)


class _Segmenter(LossMethod):
    """One network and masked cross entropy, a helper."""

    citation = "Nobody, 'Nothing', 2020"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return masked_ce(logits, batch)


class Teacher(_Segmenter):
    """Mean teacher that leaves the teacher alone when the loss is among the largest of its history."""

    name = "sound-teacher"
    knows = "scarce"
    passes = 1.5
    recent: Tensor

    def setup(self, build: Builder) -> None:
        super().setup(build)
        self.teacher = EMA(self.network)
        self.register_buffer("recent", torch.full((4,), float("nan")))

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("train", on={"labeled": view.labeled, "all": view}),)

    def step(self, batch: Mapping[str, Batch], progress: float) -> Tensor:  # type: ignore[override]
        supervised = super().step(batch["labeled"], progress)
        image = batch["all"].image
        target = self.teacher(image + 0.1 * torch.randn_like(image)).float().softmax(1)
        loss = supervised + (self.network(image).float().softmax(1) - target).square().mean()
        self.easy = bool(loss.detach() <= self.recent.nan_to_num(torch.inf).max())
        self.recent = self.recent.roll(1).index_fill(0, torch.tensor([0]), float(loss.detach()))
        self.log(supervised=supervised)
        return loss

    def after_update(self, progress: float) -> None:
        self.teacher.update(self.network, 0.9 if self.easy else 1.0)

    def predict(self, image: Tensor) -> Tensor:
        return self.teacher(image).float().softmax(1)


class Folds(_Segmenter):
    """A first model labels two folds; each half of the rest is labeled by the model of the other."""

    name = "sound-folds"
    knows = "scarce"

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        folds = [view.unlabeled.fold(k, 2) for k in (0, 1)]
        stages: list[Stage] = [Train("m0", on=view.labeled)]
        for k, fold in enumerate(folds):
            stages.append(Relabel(f"r{k}", on=fold, by=("m0",), flips=((), (0,)), vote="hard"))
            stages.append(Train(f"m{k + 1}", on=view.labeled + fold.relabeled(f"r{k}"), start="m0", share=0.5))
        votes = Relabel("votes", on=view.unlabeled, by=("m1", "m2"))
        return (*stages, votes, Train("final", on=view.labeled + view.unlabeled.relabeled("votes"), start=INITIAL))


class Exchange(Method):
    """Two networks, an optimiser each; the second one learns from every other batch only."""

    name = "sound-exchange"
    passes = 2.0
    count: Tensor
    citation = "Nobody, 'Nothing', 2020"

    def setup(self, build: Builder) -> None:
        if self.ndim == 3:
            raise UserError("sound-exchange is for 2-D networks: use --view 2d")
        self.a, self.b = build.network(), build.network()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("train", on=view.labeled, optimisers=(Optimiser("a", ("a",)), Optimiser("b", ("b",), 1e-3))),)

    def step(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        losses = {"a": masked_ce(self.a(batch.image), batch), "b": masked_ce(self.b(batch.image), batch)}
        self.log_trust(batch.valid)
        self.count += 1
        return losses if self.count % 2 else {"a": losses["a"]}

    def predict(self, image: Tensor) -> Tensor:
        return (self.a(image).float().softmax(1) + self.b(image).float().softmax(1)) / 2


class Frozen(_Segmenter):
    """A second head learns while the network is frozen, then everything does."""

    name = "sound-frozen"
    knows = "trusted"

    def setup(self, build: Builder) -> None:
        super().setup(build)
        convolution = nn.Conv2d if self.ndim == 2 else nn.Conv3d
        classes = self.task.num_classes
        self.head = build.module(lambda: convolution(classes, classes, 1))

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("head", on=view.trusted.labeled, step="head_step"), Train("all", on=view.labeled, share=2.0))

    def enter_stage(self, stage: Train) -> None:
        if stage.name == "head":
            self.network.requires_grad_(False)

    def head_step(self, batch: Batch, progress: float) -> Tensor:
        return masked_ce(self.head(self.network(batch.image)), batch)

    def step(self, batch: Batch, progress: float) -> Tensor:
        return self.head_step(batch, progress)

    def predict(self, image: Tensor) -> Tensor:
        return self.head(self.network(image)).float().softmax(1)
