"""Reconstruction pre-training: an autoencoder first, then the segmentation on its encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from torch import Tensor, nn

from ..benchmark.plugin import Batch, Optimiser, Stage, Train, TrainingView, param
from ._noise_tolerant import nothing_valid
from ._reconstruction import WithReconstruction

RECONSTRUCTION, SEGMENTATION = "reconstruction", "segmentation"


class PretrainCNN(WithReconstruction):
    """The encoder learns to rebuild the unlabeled images, then the whole network learns from the labeled ones.

    "Pretrain(CNN)" of Chen et al. (2019). How long each part lasts is not stated: `pretraining_share`. Where no image
    is unlabeled the labeled ones are rebuilt.
    """

    name = "pretrain-cnn"

    class Params(WithReconstruction.Params):
        pretraining_share: float = param(
            0.5, gt=0, lt=1, low=0.2, high=0.7, source="unstated in Chen et al. 2019", help="share of the updates"
        )

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        share = self.params.pretraining_share
        rebuilds = Optimiser(RECONSTRUCTION, ("network", "reconstruction"), factor=self.params.reconstruction_rate)
        return (
            Train(
                RECONSTRUCTION,
                on=self.images_to_rebuild(view),
                step="reconstruction_step",
                share=share,
                optimisers=(rebuilds,),
            ),
            Train(SEGMENTATION, on=view.labeled, share=1 - share, optimisers=(Optimiser("main", ("network",)),)),
        )

    def reconstruction_step(self, batch: Batch, progress: float) -> Tensor | None:
        """The error of the rebuilt images."""
        return None if nothing_valid(batch) else self.rebuilding_error(batch)


class PretrainDec(PretrainCNN):
    """As `pretrain-cnn`, but the segmentation moves its decoder alone: it sees only what the images taught the encoder.

    "Pretrain(Dec)" of Chen et al. (2019). The encoder's statistics of normalisation stay, too.
    """

    name = "pretrain-dec"

    frozen: tuple[nn.Module, ...] = ()

    def enter_stage(self, stage: Train) -> None:
        self.frozen = self.encoder_parts if stage.name == SEGMENTATION else ()
        for part in self.frozen:
            for parameter in part.parameters(recurse=False):
                parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for part in self.frozen:
            part.training = False
        return self
