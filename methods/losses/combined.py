"""Sums of a voxel-wise loss and Dice."""

from __future__ import annotations

from torch import Tensor

from ...benchmark.plugin import Batch, param
from ._overlap import OverlapLoss
from ._voxelwise import masked_mean, voxel_absolute_error, voxel_cross_entropy


class WithDice(OverlapLoss):
    """A method whose loss is the mean of `per_voxel` plus `dice_weight` times Dice loss."""

    class Params(OverlapLoss.Params):
        dice_weight: float = param(
            1.0, ge=0, low=0.1, high=10.0, scale="log", source="Wang et al. 2020, Section III-B: plain sum"
        )

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        """Loss of every voxel, `[B, *spatial]`."""
        raise NotImplementedError

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        weight: float = self.params.dice_weight
        voxels = masked_mean(self.per_voxel(logits, batch.label), batch.valid)
        return voxels + weight * self.errors(logits, batch).mean()


class CEDice(WithDice):
    """Cross entropy plus Dice loss, `ce` + `dice`."""

    name = "ce-dice"
    citation = (
        "Isensee et al., 'nnU-Net: Self-adapting framework for U-Net-based medical image segmentation', "
        "arXiv:1809.10486, 2018"
    )

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        return voxel_cross_entropy(logits, label)


class MAEDice(WithDice):
    """Mean absolute error plus Dice loss, `mae` + `dice`."""

    name = "mae-dice"
    citation = (
        "Wang, Liu, Li, Xu, Ruan, Zhu, Meng, Li, Huang & Zhang, 'A noise-robust framework for automatic segmentation "
        "of COVID-19 pneumonia lesions from CT images', IEEE Transactions on Medical Imaging 2020"
    )

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        return voxel_absolute_error(logits, label)
