"""Mean absolute error."""

from __future__ import annotations

from torch import Tensor

from ._voxelwise import VoxelLoss, voxel_absolute_error


class MAE(VoxelLoss):
    """Mean absolute error, 1 - p_y.

    For two classes this is Wang et al. (2020), Eq. 2: the mean of |p - g| over the foreground channel. For
    any number of classes it is half of the sum over all classes of |p_c - g_c| that Ghosh et al. use, and
    keeps the symmetry on which their robustness theorem rests (a mean over foreground classes would not).
    The factor 2 matters to a learning rate under SGD, not under Adam.
    """

    name = "mae"
    citation = "Ghosh, Kumar & Sastry, 'Robust loss functions under label noise for deep neural networks', AAAI 2017"

    def per_voxel(self, logits: Tensor, label: Tensor) -> Tensor:
        return voxel_absolute_error(logits, label)
