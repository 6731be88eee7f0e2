"""The segmentation loss L_seg of the schemes of Wang et al. (2020): Dice, noise-robust Dice or cross entropy."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from ..benchmark.plugin import Batch, param
from .losses._overlap import OverlapLoss, overlap_errors
from .losses._voxelwise import masked_mean, voxel_cross_entropy


class SegmentationLoss(OverlapLoss):
    """One network whose loss a parameter chooses: `dice`, `nr-dice` or `ce`, the same as the methods of these names."""

    class Params(OverlapLoss.Params):
        loss: Literal["dice", "nr-dice", "ce"] = param(
            "dice", source="Wang et al. 2020, Table III: dice or nr-dice", help="segmentation loss"
        )
        gamma: float = param(
            1.5, ge=1, le=2, low=1.0, high=2.0, source="Wang et al. 2020, Eq. 3 and Fig. 4", help="of `nr-dice`"
        )
        denominator: Literal["squared", "linear"] = param(
            "squared", source="Wang et al. 2020, Eq. 3 (squared); PyMIC (linear)", help="of `nr-dice`"
        )

    @property
    def form(self) -> dict[str, Any]:
        """Exponent and denominator of the chosen Dice."""
        if self.params.loss == "dice":
            return {"gamma": 2.0, "denominator": "squared"}
        return {"gamma": self.params.gamma, "denominator": self.params.denominator}

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        if self.params.loss == "ce":
            return masked_mean(voxel_cross_entropy(logits, batch.label), batch.valid)
        return self.errors(logits, batch, **self.form).mean()

    def image_losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """The loss of every image alone, `[B]`: what `loss` gives for a batch of just this image."""
        if self.params.loss == "ce":
            voxels = voxel_cross_entropy(logits, batch.label) * batch.valid
            return voxels.flatten(1).sum(1) / batch.valid.flatten(1).sum(1).clamp(min=1)
        first = 0 if self.params.background else 1
        errors = overlap_errors(
            logits.softmax(1)[:, first:],
            batch.one_hot[:, first:],
            batch.valid,
            pool="image",
            epsilon=self.params.epsilon,
            **self.form,
        )
        return errors.mean(1)
