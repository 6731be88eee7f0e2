"""TSMAN: two networks that show each other where labels may be wrong."""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

import torch
from torch import Tensor, nn

from ..benchmark.plugin import Batch, Builder, Method, Network, param
from ._lockstep import lockstep, stage_channels
from ._mutual_attention import (
    ChannelAttention,
    MutualAttention,
    SpatialAttention,
    attended_stages,
    disagreement,
    smoothed,
)
from ._several import several_networks
from .losses._voxelwise import masked_mean, voxel_cross_entropy

FLOOR = 0.1
"""Share of the voxels that `normaliser: weights` divides by at the least (code of Malach & Shalev-Shwartz)."""


class TSMAN(Method):
    """Two-stream mutual attention: two networks learn near their disagreements and gate each other's features.

    Four attention models, each with its switch (Min et al., Table 2):

    - `f4`, loss attention (Eq. 7): only voxels within reach of a disagreement count;
    - `f3`, spatial attention, at the last feature stage before the classifier;
    - `f2` and `f1`, channel attention, at the second and the first feature stage.

    With none of them these are two independent `ce` networks whose predictions are averaged; with `f4` alone and
    `kernel: 1` it is Malach & Shalev-Shwartz' update by disagreement. When nothing disagrees, no weight moves. What
    does not count still enters the statistics of batch normalisation.

    - Eq. 3 multiplies the gradient of the mean loss by f4, so the divisor stays the number of valid voxels:
      `normaliser: voxels`. Fewer disagreements then give smaller gradients.
    - Eq. 7's kernel is "3 x 3" though the data are volumes: within slices, or `smoothing: volume`.
    - f4 from the first update on is Eq. 7 to the letter: `warm_up: 0`.
    - Eq. 5 multiplies a feature's gradient by its map and has no term for the path through the map to the
      features: `detach`. The attention layers learn either way.
    - Fig. 4 states sizes that the text does not; channel attention sees the mean over space, which any
      patch size permits, and has two layers as in squeeze-and-excitation (Hu et al. 2018), whose `reduction` of 16
      would leave the few channels of a first stage no hidden unit.
    """

    name = "tsman"
    citation = (
        "Min, Chen, Zha, Wu & Zhang, 'A two-stream mutual attention network for semi-supervised biomedical "
        "segmentation with noisy labels', AAAI 2019"
    )
    passes = 2.0

    class Params(Method.Params):
        f1: bool = param(True, source="TSMAN, Table 2", help="channel attention at `stage1`")
        f2: bool = param(True, source="TSMAN, Table 2", help="channel attention at `stage2`")
        f3: bool = param(True, source="TSMAN, Table 2", help="spatial attention at `stage3`")
        f4: bool = param(True, source="TSMAN, Table 2", help="loss attention")
        stage1: str | None = param(None, source="TSMAN, Fig. 2", help="unset: the network's first feature stage")
        stage2: str | None = param(None, source="TSMAN, Fig. 2", help="unset: the network's second feature stage")
        stage3: str | None = param(None, source="TSMAN, Fig. 2", help="unset: the network's last feature stage")
        kernel: Literal[1, 3, 5, 7, 9] = param(
            3, unit="voxel", source="TSMAN, Analysis: 3 x 3", help="side of the Gaussian of Eq. 7; 1: none"
        )
        variance: float = param(
            0.5, gt=0, low=0.1, high=4.0, scale="log", unit="voxel^2", source="TSMAN, Analysis", help="of that Gaussian"
        )
        smoothing: Literal["slice", "volume"] = param(
            "slice", source="TSMAN, Analysis: 3 x 3", help="3-D: within slices or in all directions"
        )
        slice_axis: Literal[0, 1, 2] = param(2, source="unstated", help="spatial axis across which 3-D patches are cut")
        normaliser: Literal["voxels", "weights"] = param(
            "voxels",
            source="TSMAN, Eq. 3 (voxels); Malach's code (weights)",
            help="what the sum of losses is divided by",
        )
        warm_up: float = param(
            0.0, ge=0, le=1, low=0.0, high=0.5, source="unstated", help="fraction of training before f4 begins"
        )
        spatial_kernel: Literal[1, 3, 5, 7] = param(
            3, unit="voxel", source="TSMAN, Fig. 4a, unstated", help="side of the spatial attention's convolution"
        )
        reduction: int = param(
            1, ge=1, source="TSMAN, Fig. 4b, unstated", help="channels per hidden unit of the channel attention"
        )
        detach: bool = param(True, source="TSMAN, Eq. 5", help="no gradient through the maps to the features")

    def setup(self, build: Builder) -> None:
        self.networks = several_networks(build, 2)
        self.stage_of = self._attended_stages()
        channels = stage_channels(self.streams[0], len(self.task.channels)) if self.stage_of else {}
        self.attention = nn.ModuleDict()
        for model, stage in self.stage_of.items():
            self.attention[model] = build.module(partial(self._attention, model, channels[stage]))

    @property
    def streams(self) -> list[Network]:
        """The two networks."""
        return cast("list[Network]", list(self.networks))

    def _attended_stages(self) -> dict[str, str]:
        """Feature stage of each of f1, f2, f3 that is switched on."""
        p = self.params
        wanted = {"f1": (p.f1, p.stage1), "f2": (p.f2, p.stage2), "f3": (p.f3, p.stage3)}
        return attended_stages(self.streams[0], {model: stage for model, (on, stage) in wanted.items() if on})

    def _attention(self, model: str, channels: int) -> MutualAttention:
        p = self.params
        if model == "f3":
            return SpatialAttention(channels, self.ndim, p.spatial_kernel, p.detach)
        return ChannelAttention(channels, self.ndim, p.reduction, p.detach)

    def step(self, batch: Batch, progress: float) -> Tensor | None:
        logits = self.logits(batch.image)
        with torch.autocast(batch.image.device.type, enabled=False):
            return self.loss([each.float() for each in logits], batch, progress)

    def logits(self, image: Tensor) -> list[Tensor]:
        """Logits of both streams, whose features are gated on the way."""
        models = {stage: self.attention[model] for model, stage in self.stage_of.items()}

        def exchange(stage: str, features: list[Tensor]) -> list[Tensor]:
            return models[stage](features) if stage in models else features

        return lockstep(self.streams, image, exchange)

    def loss(self, logits: list[Tensor], batch: Batch, progress: float) -> Tensor | None:
        """Eq. 6: the sum of both streams' losses, weighed by f4; None where no voxel counts."""
        weights = self.loss_attention(logits, batch.valid, progress)
        if not weights.any():
            return None
        losses = [(voxel_cross_entropy(each, batch.label) * weights).sum() for each in logits]
        return (losses[0] + losses[1]) / self._divisor(weights, batch.valid)

    def _divisor(self, weights: Tensor, valid: Tensor) -> Tensor:
        if self.params.normaliser == "voxels":
            return valid.sum()
        return torch.maximum(weights.sum(), FLOOR * valid.sum())

    def loss_attention(self, logits: list[Tensor], valid: Tensor, progress: float) -> Tensor:
        """f4 of Eq. 7 on the valid voxels, 0 on the others, `[B, *spatial]`; all ones when off or warming up."""
        p = self.params
        differ = disagreement(logits, valid)
        self.log(disagreement=masked_mean(differ, valid))
        if not p.f4:
            return valid
        weights = valid
        if progress >= p.warm_up:
            weights = smoothed(differ, p.kernel, p.variance, self._smoothed_axes()) * valid
        self.log_trust(weights)
        return weights

    def _smoothed_axes(self) -> list[int]:
        sliced = self.ndim == 3 and self.params.smoothing == "slice"
        return [axis for axis in range(self.ndim) if not (sliced and axis == self.params.slice_axis)]

    def predict(self, image: Tensor) -> Tensor:
        return torch.stack([each.float().softmax(1) for each in self.logits(image)]).mean(0)
