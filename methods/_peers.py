"""Networks trained side by side, each on the voxels that are selected for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, Method, Optimiser, Stage, Train, TrainingView, param
from ._selection import forget_rate
from ._several import mean_probabilities, several_networks
from .losses._voxelwise import masked_mean, voxel_cross_entropy


class PeerNetworks(Method):
    """`count` networks, each with an optimiser of its own; a subclass says in `select` what each learns from.

    A network for which nothing is selected makes no step. Predictions are the mean of the probabilities.
    All networks see the whole batch: what is left out still enters the statistics of batch normalisation.
    """

    count: ClassVar[int]

    def setup(self, build: Builder) -> None:
        self.networks = several_networks(build, self.count)

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        optimisers = tuple(Optimiser(f"network{i}", (f"networks.{i}",)) for i in range(self.count))
        return (Train("train", on=view.labeled, optimisers=optimisers),)

    def select(self, logits: list[Tensor], losses: list[Tensor], batch: Batch, progress: float) -> list[Tensor]:
        """What each network learns from: per network float32 `[B, *spatial]`, 1 on selected voxels, else 0.

        Parameters
        ----------
        logits, losses
            Of each network, without gradient, float32 `[B, num_classes, *spatial]` and `[B, *spatial]`.
        """
        raise NotImplementedError

    def mean_loss(self, loss: Tensor, selected: Tensor, batch: Batch) -> Tensor:
        """Scalar loss of one network, from its voxels' losses and selection `[B, *spatial]`."""
        return masked_mean(loss, selected)

    def step(self, batch: Batch, progress: float) -> dict[str, Tensor] | None:
        logits = [network(batch.image).float() for network in self.networks]
        losses = [voxel_cross_entropy(each, batch.label) for each in logits]
        detached = [each.detach() for each in logits], [loss.detach() for loss in losses]
        selections = self.select(*detached, batch, progress)
        trust = torch.stack(selections).mean(0)
        self.log_trust(trust)
        self.log(kept=trust.sum() / batch.valid.sum().clamp(min=1))
        # one transfer from the device tells which networks have something to learn
        learns = torch.stack([selected.any() for selected in selections]).tolist()
        return {
            f"network{i}": self.mean_loss(losses[i], selections[i], batch) for i in range(self.count) if learns[i]
        } or None

    def predict(self, image: Tensor) -> Tensor:
        return mean_probabilities(self.networks, image)


class SmallLossNetworks(PeerNetworks):
    """Peers that forget a growing share of the voxels, those with the largest loss.

    tau is the rate of wrong labels among what is selected. Contours that are off by a few voxels make 1 to 5 % of the
    voxels wrong, however many cases are corrupted; a tau beyond the share of a small structure's voxels forgets
    the structure, which is hardest at first. For slices or images, tau is the share of corrupted ones.
    """

    class Params(PeerNetworks.Params):
        tau: float = param(
            0.02,
            ge=0,
            lt=1,
            low=0.005,
            high=0.5,
            scale="log",
            source="Han et al. 2018, Section 4: the rate of wrong labels; PyMIC's README: 0.2",
            help="share left out once the ramp is over: that of the voxels (slices, images) with a wrong label",
        )
        start: float = param(
            0.1,
            ge=0,
            lt=1,
            source="PyMIC: 1,000 of 10,000 updates; Han et al. 2018: 0",
            help="fraction of training before the ramp",
        )
        ramp: float = param(
            0.7,
            gt=0,
            le=1,
            source="PyMIC: 7,000 of 10,000 updates; Han et al. 2018, T_k: 10 of 200 epochs, 0.05",
            help="fraction of training over which the share left out grows to tau",
        )
        exponent: float = param(
            1.0, gt=0, le=4, source="Han et al. 2018, c in {0.5, 1, 2}", help="shape of the ramp, 1 for linear"
        )

    def keep(self, progress: float) -> float:
        """R, the share of the voxels that is learned from, in (0, 1]."""
        params = self.params
        return 1 - forget_rate(progress, params.tau, params.start, params.ramp, params.exponent)
