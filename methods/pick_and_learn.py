"""Pick-and-learn: a second network judges the quality of each label of the batch."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, Method, param
from ._quality import QualityModule
from .losses._overlap import overlap_errors
from .losses._voxelwise import voxel_cross_entropy


class PickAndLearn(Method):
    """A quality module weighs the images of a batch; it and the network learn from the weighted loss together.

    The quality awareness module, a VGG on the image and its label, scores every image. Overfitting control
    bounds the scores to +-strength by strength * tanh, and a softmax over the batch makes weights of them: they
    sum to 1, and none exceeds another by more than a factor exp(2 * strength). The loss is the weighted sum of
    the images' losses; a batch of one image is plain cross entropy. An image without valid voxels gets no
    weight, and the quality module does not see ignored labels.

    The module lowers the loss by picking what is easy, not only what is right. With strength 2, a factor of 54
    between images, a short training on clean labels may end up with hardly more than the easiest images: hence 1, a
    factor of 7.
    """

    name = "pick-and-learn"
    citation = (
        "Zhu, Shi & Wu, 'Pick-and-learn: Automatic quality evaluation for noisy-labeled image segmentation', "
        "MICCAI 2019"
    )
    passes = 1.2

    class Params(Method.Params):
        strength: float = param(
            1.0,
            ge=0,
            low=0.25,
            high=4.0,
            source="Zhu et al. 2019, overfitting control module (lambda); Zhang et al. 2020's code: 2",
            help="bound of the scores; 0: all images weigh alike",
        )
        loss: Literal["ce", "dice"] = param(
            "ce", source="PINT, Table 1 (ce); Zhu et al. 2019 (dice)", help="loss of an image"
        )
        quality_width: int | None = param(
            None,
            ge=1,
            unit="channels",
            source="Simonyan & Zisserman 2015 (64)",
            help="channels of the quality module's first level; unset: the network's",
        )

    def setup(self, build: Builder) -> None:
        self.network = build.network()
        width = self.params.quality_width or self.network.params.width
        channels = len(self.task.channels) + self.task.num_classes
        self.quality = build.module(lambda: QualityModule(channels, self.ndim, width))

    def step(self, batch: Batch, progress: float) -> Tensor:
        logits = self.network(batch.image)
        scores = self.scores(batch)
        with torch.autocast(logits.device.type, enabled=False):
            losses = self.image_losses(logits.float(), batch)
            weights = self.weights(scores, batch.valid)
        self.log_trust(weights * len(weights))
        self.log(largest_weight=weights.max())
        return (weights * losses).sum()

    def scores(self, batch: Batch) -> Tensor:
        """Quality `[B]`, unbounded; 0 for a single image, which has nothing to be compared with."""
        if len(batch.image) == 1:
            return torch.zeros(1, device=batch.image.device)
        scores: Tensor = self.quality(batch.image, batch.one_hot * batch.valid.unsqueeze(1))
        return scores

    def weights(self, scores: Tensor, valid: Tensor) -> Tensor:
        """Weights `[B]` of scores `[B]`, summing to 1; `valid` is `[B, *spatial]`."""
        bounded = self.params.strength * torch.tanh(scores)
        empty = valid.flatten(1).amax(1) == 0
        # finite, so that a batch of nothing but empty images gives no NaN
        weights: Tensor = bounded.masked_fill(empty, torch.finfo(bounded.dtype).min).softmax(0)
        return weights

    def image_losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """Loss `[B]` of every image over its valid voxels."""
        if self.params.loss == "dice":
            errors = overlap_errors(logits.softmax(1)[:, 1:], batch.one_hot[:, 1:], batch.valid, pool="image")
            return errors.mean(1)
        valid = batch.valid.flatten(1)
        losses = voxel_cross_entropy(logits, batch.label).flatten(1)
        return (losses * valid).sum(1) / valid.sum(1).clamp(min=1)

    def predict(self, image: Tensor) -> Tensor:
        probabilities: Tensor = self.network(image).float().softmax(1)
        return probabilities
