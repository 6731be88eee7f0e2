"""Co-teaching: two networks exchange their small-loss voxels, slices or images."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ..benchmark.plugin import Batch, param
from ._peers import SmallLossNetworks
from ._selection import smallest, smallest_of_each_class, smallest_units


class CoTeaching(SmallLossNetworks):
    """Co-teaching: each of two networks learns from what the other finds easy.

    Han et al. (2018), Algorithm 1, with cross entropy. The loss is the mean over the selected voxels; the official
    code divides it by their number once more. What a sample is in segmentation is open: `granularity` selects
    among all voxels of the batch (as PyMIC does), among those of each labeled class, among the batch's slices, or
    its images; slices and images are ranked by their mean loss. Whole ones are kept, R * n rounded to the
    nearest: of two images none is left out unless tau >= 0.25. tau = 0 is two independent `ce` trainings.
    """

    name = "co-teaching"
    citation = (
        "Han, Yao, Yu, Niu, Xu, Hu, Tsang & Sugiyama, 'Co-teaching: Robust training of deep neural networks with "
        "extremely noisy labels', NeurIPS 2018"
    )
    passes = 2.0
    count = 2

    class Params(SmallLossNetworks.Params):
        granularity: Literal["pixel", "pixel-per-class", "slice", "image"] = param(
            "pixel", source="PyMIC: pixel; Han et al. 2018: image", help="what is selected"
        )
        slice_axis: int = param(2, ge=0, le=2, help="spatial axis that counts the slices; of no effect in 2-D")

    def select(self, logits: list[Tensor], losses: list[Tensor], batch: Batch, progress: float) -> list[Tensor]:
        first, second = (self.easy(loss, batch, self.keep(progress)) for loss in losses)
        return [second, first]

    def easy(self, loss: Tensor, batch: Batch, share: float) -> Tensor:
        """1 on the share of the batch that has the smallest `loss`, both `[B, *spatial]`."""
        params = self.params
        if params.granularity == "pixel":
            return smallest(loss, batch.valid, share)
        if params.granularity == "pixel-per-class":
            return smallest_of_each_class(loss, batch.label, batch.valid, share, batch.num_classes)
        return smallest_units(loss, batch.valid, share, params.granularity, params.slice_axis)
