"""Tri-network: every two of three networks select the voxels that the third learns from."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ..benchmark.plugin import Batch, param
from ._peers import SmallLossNetworks
from ._selection import smallest, smallest_of_each_class


class TriNetwork(SmallLossNetworks):
    """Tri-network: each pair of three networks selects voxels for the third.

    Zhang et al. (2020) select by "the consensus and difference" of the pair's predictions; two public
    re-implementations read that differently. `rule: both-small` keeps the voxels that are among the share R of
    smallest losses of both (PyMIC; co-teaching extended, as Shi & Wu, the authors of PINT, describe it): at least
    2R - 1 of all, none if the pair has none in common. `rule: close` keeps the share R of smallest
    |loss_i - loss_j| (SP_guided, which does so in each class: `per_class`). tau = 0 is three independent
    `ce` trainings.
    """

    name = "tri-network"
    citation = (
        "Zhang, Yu, Hu, Lv & Gu, 'Robust medical image segmentation from non-expert annotations with tri-network', "
        "MICCAI 2020"
    )
    passes = 3.0
    count = 3

    class Params(SmallLossNetworks.Params):
        rule: Literal["both-small", "close"] = param(
            "both-small",
            source="Zhang et al. 2020, as read by PyMIC: both-small; by SP_guided: close",
            help="what a pair agrees on: voxels with a small loss in both, or with a close one",
        )
        per_class: bool = param(
            False, source="PyMIC: no; SP_guided: yes", help="select the share of each labeled class by itself"
        )

    def select(self, logits: list[Tensor], losses: list[Tensor], batch: Batch, progress: float) -> list[Tensor]:
        share = self.keep(progress)
        pairs = ((1, 2), (0, 2), (0, 1))
        if self.params.rule == "close":
            return [self.easy((losses[i] - losses[j]).abs(), batch, share) for i, j in pairs]
        easy = [self.easy(loss, batch, share) for loss in losses]
        return [easy[i] * easy[j] for i, j in pairs]

    def easy(self, scores: Tensor, batch: Batch, share: float) -> Tensor:
        """1 on the share of the batch's voxels with the smallest `scores`, both `[B, *spatial]`."""
        if self.params.per_class:
            return smallest_of_each_class(scores, batch.label, batch.valid, share, batch.num_classes)
        return smallest(scores, batch.valid, share)
