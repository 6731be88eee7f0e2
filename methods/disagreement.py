"""Update by disagreement: two networks learn where their predictions differ."""

from __future__ import annotations

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, param
from ._peers import PeerNetworks


class Disagreement(PeerNetworks):
    """Update by disagreement: after a warm-up, learn only where two networks predict different classes.

    Malach & Shalev-Shwartz (2017), Algorithm 1, for each voxel, as Min et al. (AAAI 2019, TSMAN) take it over. Voxels
    on which both agree, rightly or wrongly, have no gradient; where all agree no weight moves. As in the
    official code the loss is the sum over the selected voxels over max(floor * B, their number), B being
    the number of valid voxels, so that a few of them do not count as much as a whole batch. `floor` = 0 is their mean.
    """

    name = "disagreement"
    citation = 'Malach & Shalev-Shwartz, \'Decoupling "when to update" from "how to update"\', NeurIPS 2017'
    passes = 2.0
    count = 2

    class Params(PeerNetworks.Params):
        warm_up: float = param(
            0.2,
            ge=0,
            le=1,
            low=0.0,
            high=0.8,
            source="Malach & Shalev-Shwartz 2017, official code: `init_iter`, in updates",
            help="fraction of training in which all voxels are learned from",
        )
        floor: float = param(
            0.1,
            ge=0,
            le=1,
            source="Malach & Shalev-Shwartz 2017, official code",
            help="the loss is divided by at least this share of the voxels",
        )

    def select(self, logits: list[Tensor], losses: list[Tensor], batch: Batch, progress: float) -> list[Tensor]:
        one, other = (each.argmax(1) for each in logits)
        differ = (one != other) * batch.valid
        self.log(disagreement=differ.sum() / batch.valid.sum().clamp(min=1))
        return [batch.valid if progress < self.params.warm_up else differ] * 2

    def mean_loss(self, loss: Tensor, selected: Tensor, batch: Batch) -> Tensor:
        """Sum over the selected voxels over max(floor * B, their number)."""
        least = self.params.floor * batch.valid.sum()
        return (loss * selected).sum() / torch.maximum(least, selected.sum())
