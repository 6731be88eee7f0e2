"""Cross entropy and the losses that bend it: focal and generalised cross entropy."""

from __future__ import annotations

import torch
from torch import Tensor

from ...benchmark.plugin import param
from ._voxelwise import VoxelLoss, voxel_cross_entropy


class CE(VoxelLoss):
    """Cross entropy, -log p_y: the baseline of every paper."""

    name = "ce"
    citation = (
        "Ronneberger, Fischer & Brox, 'U-Net: Convolutional networks for biomedical image segmentation', MICCAI 2015"
    )

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        return voxel_cross_entropy(logits, label)


class FocalCE(VoxelLoss):
    """Focal cross entropy, (1 - p_y)^gamma times cross entropy; gamma = 0 is `ce`.

    Lin et al. weigh hard voxels up with gamma = 2. Under label noise the hard voxels are often the wrong
    ones, and Wang et al. (2020, Table I) also run gamma = 0.5. The class weight alpha of Lin et al. is
    not used, as in Wang et al.
    """

    name = "focal-ce"
    citation = "Lin, Goyal, Girshick, He & Dollár, 'Focal loss for dense object detection', ICCV 2017"

    class Params(VoxelLoss.Params):
        gamma: float = param(
            2.0, ge=0, low=0.25, high=5.0, source="Lin et al. 2017, Eq. 4; Wang et al. 2020, Table I: 2.0 and 0.5"
        )

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        ce = voxel_cross_entropy(logits, label)
        # the power's slope is infinite at 0 for gamma < 1
        doubt = (-torch.expm1(-ce)).clamp(min=1e-12)
        return doubt.pow(self.params.gamma) * ce


class GCE(VoxelLoss):
    """Generalised cross entropy, (1 - p_y^q) / q; q -> 0 is `ce`, q = 1 is `mae`."""

    name = "gce"
    citation = (
        "Zhang & Sabuncu, 'Generalized cross entropy loss for training deep neural networks with noisy labels', "
        "NeurIPS 2018"
    )

    class Params(VoxelLoss.Params):
        q: float = param(
            0.7, gt=0, le=1, low=0.1, high=1.0, source="Zhang & Sabuncu 2018; Wang et al. 2020, Section III-B"
        )

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        q: float = self.params.q
        return -torch.expm1(-q * voxel_cross_entropy(logits, label)) / q
