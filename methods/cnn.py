"""Supervised training on the labeled cases alone."""

from __future__ import annotations

from ._segmentation_loss import SegmentationLoss


class CNN(SegmentationLoss):
    """Supervised on the labeled cases alone: the lower bound of every semi-supervised method.

    The row "CNN" of Chen et al. (2019), who train with Dice; `loss` chooses another. With all cases labeled it is
    the upper bound.
    """

    name = "cnn"
    citation = (
        "Chen, Bortsova, García-Uceda Juárez, van Tulder & de Bruijne, 'Multi-task attention-based semi-supervised "
        "learning for medical image segmentation', MICCAI 2019"
    )
    knows = "scarce"
    needs_unlabeled = False
