"""The attention models of TSMAN (Min et al. 2019), which see two networks at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from monai.networks.layers.factories import Conv
from monai.networks.layers.simplelayers import separable_filtering
from torch import Tensor, nn

from ..benchmark.plugin import Network, UserError


def disagreement(logits: Sequence[Tensor], valid: Tensor) -> Tensor:
    """p XOR p' of Eq. 7: 1 on the valid voxels whose predicted class differs, else 0; float32 `[B, *spatial]`."""
    one, other = (each.detach().argmax(1) for each in logits)
    return (one != other).float() * valid


def smoothed(mask: Tensor, size: int, variance: float, axes: Sequence[int]) -> Tensor:
    """omega of Eq. 7: the mask `[B, *spatial]` after a Gaussian filter that sums to 1, exactly 0 out of its reach.

    Parameters
    ----------
    size
        Odd side of the kernel in voxels; 1 changes nothing.
    variance
        In voxels squared.
    axes
        Spatial axes along which it is filtered.
    """
    offsets = torch.arange(size, dtype=torch.float32, device=mask.device) - size // 2
    line = torch.softmax(-offsets.square() / (2 * variance), 0)
    point = torch.ones(1, device=mask.device)
    kernels = [line if axis in axes else point for axis in range(mask.ndim - 1)]
    return separable_filtering(mask.unsqueeze(1), kernels).squeeze(1)


class MutualAttention(nn.Module):
    """Multiplies both streams' features by attention maps that are made from their sum (Fig. 4).

    A subclass writes `scores`, whose first half of channels becomes one stream's map, the second the other's.

    Parameters
    ----------
    detach
        Keep gradients out of the sum: what a feature receives is then its own gradient times its map,
        as in Eq. 5, and none of the other stream's.
    """

    def __init__(self, detach: bool) -> None:
        super().__init__()
        self.detach = detach

    def scores(self, total: Tensor) -> Tensor:
        """What the maps are the sigmoid of, from the streams' sum `[B, C, *spatial]`."""
        raise NotImplementedError

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        total = torch.stack(features).sum(0)
        maps = self.scores(total.detach() if self.detach else total).sigmoid().chunk(2, dim=1)
        return [feature * attention for feature, attention in zip(features, maps, strict=True)]


class SpatialAttention(MutualAttention):
    """SA, Fig. 4a: one map of the feature's size for each stream, by a convolution of odd side `kernel`."""

    def __init__(self, channels: int, ndim: int, kernel: int, detach: bool) -> None:
        super().__init__(detach)
        self.convolution = Conv["conv", ndim](channels, 2, kernel, padding=kernel // 2)

    def scores(self, total: Tensor) -> Tensor:
        scores: Tensor = self.convolution(total)
        return scores


class ChannelAttention(MutualAttention):
    """CA, Fig. 4b: one weight a channel for each stream, from the mean over space by two layers."""

    def __init__(self, channels: int, ndim: int, reduction: int, detach: bool) -> None:
        super().__init__(detach)
        conv, hidden = Conv["conv", ndim], max(channels // reduction, 1)
        self.layers = nn.Sequential(conv(channels, hidden, 1), nn.ReLU(), conv(hidden, 2 * channels, 1))

    def scores(self, total: Tensor) -> Tensor:
        scores: Tensor = self.layers(total.mean(tuple(range(2, total.ndim)), keepdim=True))
        return scores


def attended_stages(network: Network, wanted: Mapping[str, str | None]) -> dict[str, str]:
    """Feature stage of each wanted attention model.

    Parameters
    ----------
    wanted
        `f1`, `f2`, `f3`, or some of them, and the stage; None for the first, the second, the last.

    Raises
    ------
    UserError
        The network has no such stage, or two models share one.
    """
    known = network.feature_stages
    if wanted and not known:
        raise UserError("method tsman: the network has no feature stages to attend to; set f1, f2 and f3 to false")
    usual = {"f1": 0, "f2": min(1, len(known) - 1), "f3": -1}
    chosen = {model: stage or known[usual[model]] for model, stage in wanted.items()}
    for model, stage in chosen.items():
        if stage not in known:
            raise UserError(
                f"method tsman: stage{model[1]}: the network has no feature stage {stage!r}; it has {', '.join(known)}"
            )
    if len(set(chosen.values())) < len(chosen):
        places = ", ".join(f"{model} at {stage}" for model, stage in chosen.items())
        raise UserError(
            f"method tsman: two attention models at one feature stage ({places}); name others with stage1 to stage3, "
            f"of {', '.join(known)}, or set one of the models to false"
        )
    return chosen
