"""Losses that compare a class's predicted region with its labeled one."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ...benchmark.plugin import Batch, LossMethod, param

Denominator = Literal["squared", "linear"]
Pool = Literal["batch", "image"]


def overlap_errors(
    probabilities: Tensor,
    target: Tensor,
    valid: Tensor,
    *,
    gamma: float = 2.0,
    denominator: Denominator = "squared",
    pool: Pool = "batch",
    epsilon: float = 1e-5,
) -> Tensor:
    """Wang et al. (2020), Eq. 3: sum |p - g|^gamma / (size + epsilon), 0 for a perfect prediction.

    With gamma = 2 and `squared` this is 1 minus the soft Dice of Eq. 1, with gamma = 1 and `linear`
    1 minus the soft Soerensen-Dice, both up to epsilon.

    Parameters
    ----------
    probabilities, target
        `[B, classes, *spatial]`, softmax and one-hot.
    valid
        `[B, *spatial]`, 1 on the voxels that count.
    denominator
        size = sum of p^2 + g^2 (`squared`) or of p + g (`linear`).
    pool
        What a sum runs over: all voxels of the `batch`, or of each `image`.

    Returns
    -------
    `[1, classes]` for `batch`, `[B, classes]` for `image`; 0, with zero gradient, where no voxel is valid.
    """
    error = (probabilities - target).abs().pow(gamma)
    size = probabilities.square() + target.square() if denominator == "squared" else probabilities + target
    weight = valid.unsqueeze(1)
    return _pooled(error * weight, pool) / (_pooled(size * weight, pool) + epsilon)


def _pooled(values: Tensor, pool: Pool) -> Tensor:
    per_image = values.flatten(2).sum(2)
    return per_image if pool == "image" else per_image.sum(0, keepdim=True)


class OverlapLoss(LossMethod):
    """A method whose loss is made of overlap errors, averaged over classes and, if so pooled, images.

    The papers' formulas are for one foreground class; several are averaged. Background is left out by
    default, because they leave it out: its size would hide errors of a small foreground. Eq. 1 speaks of
    the pixels of an image; sums run over the batch by default, as in PyMIC, the library of Wang et al.
    (2020), because per image a patch without foreground has a constant error of 1 and teaches nothing
    (Tilborghs et al., MICCAI 2022).
    """

    class Params(LossMethod.Params):
        pool: Literal["batch", "image"] = param(
            "batch", source="PyMIC", help="sum over all voxels of the batch, or of each image"
        )
        background: bool = param(False, source="Wang et al. 2020, Eq. 1", help="average over the background class, too")
        epsilon: float = param(1e-5, gt=0, source="Wang et al. 2020, Eq. 3", help="added to the denominator")

    def errors(self, logits: Tensor, batch: Batch, gamma: float = 2.0, denominator: Denominator = "squared") -> Tensor:
        """Overlap errors of the classes that count, `[images or 1, classes]`; see `overlap_errors`."""
        first = 0 if self.params.background else 1
        return overlap_errors(
            logits.softmax(1)[:, first:],
            batch.one_hot[:, first:],
            batch.valid,
            gamma=gamma,
            denominator=denominator,
            pool=self.params.pool,
            epsilon=self.params.epsilon,
        )
