"""Losses that are a mean over voxels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ...benchmark.plugin import Batch, LossMethod


def voxel_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """-log p_y of every voxel, `[B, *spatial]`, p_y being the probability of the labeled class.

    Parameters
    ----------
    logits
        float `[B, num_classes, *spatial]`.
    label
        int64 `[B, *spatial]`.
    """
    return cross_entropy(logits, label, reduction="none")


def voxel_absolute_error(logits: Tensor, label: Tensor) -> Tensor:
    """1 - p_y of every voxel, `[B, *spatial]`; as `voxel_cross_entropy`, exact also where p_y is nearly 1."""
    return -torch.expm1(-voxel_cross_entropy(logits, label))


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of `values` where `valid` is 1; 0, with zero gradient, where it is 1 nowhere.

    `values` and `valid` are `[B, *spatial]`.
    """
    return (values * valid).sum() / valid.sum().clamp(min=1)


class VoxelLoss(LossMethod):
    """A method whose loss is the mean of `per_voxel` over the valid voxels of the batch."""

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        """Loss of every voxel `[B, *spatial]`, finite for all finite logits.

        Parameters
        ----------
        logits
            float32 `[B, num_classes, *spatial]`.
        label
            int64 `[B, *spatial]`, 0..num_classes - 1.
        """
        raise NotImplementedError

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return masked_mean(self.per_voxel(logits, batch.label), batch.valid)
