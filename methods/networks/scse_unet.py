"""U-Net with squeeze & excitation."""

from __future__ import annotations

from typing import Literal

import torch
from monai.networks.blocks.squeeze_and_excitation import ChannelSELayer
from monai.networks.layers.factories import Conv
from torch import Tensor, nn

from ...benchmark.plugin import NetworkParams, param
from .unet import UNet


class ScSEUNet(UNet):
    """U-Net with spatial and channel squeeze & excitation after every block.

    The network `unet`, each of its nine blocks followed by the scSE block of Roy et al. Channel excitation is
    MONAI's `ChannelSELayer`; MONAI has no spatial one.
    """

    name = "scse-unet"
    citation = (
        "Roy, Navab & Wachinger, 'Recalibrating fully convolutional networks with spatial and channel squeeze and "
        "excitation blocks', IEEE TMI 2019; the same, 'Concurrent spatial and channel squeeze & excitation in fully "
        "convolutional networks', MICCAI 2018"
    )

    class Params(UNet.Params):
        width: int | None = param(None, ge=2, unit="channels", help="channels of the first level; unset: the budget's")
        aggregate: Literal["max", "sum"] = param(
            "max", source="Roy et al. 2019 and their code (max); Roy et al. 2018 (sum)", help="of the two excitations"
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        width, aggregate = self.params.width, self.params.aggregate
        for blocks, factors in ((self.encoder, (1, 2, 4, 8, 16)), (self.decoder, (8, 4, 2, 1))):
            for i, factor in enumerate(factors):
                blocks[i] = Recalibrated(blocks[i], ScSE(ndim, factor * width, aggregate))


class Recalibrated(nn.Module):
    """A block of the encoder or the decoder and the scSE block after it."""

    def __init__(self, block: nn.Module, scse: ScSE) -> None:
        super().__init__()
        self.block = block
        self.scse = scse

    def forward(self, *features: Tensor) -> Tensor:
        """What the block makes of its inputs, recalibrated."""
        new: Tensor = self.scse(self.block(*features))
        return new


class ScSE(nn.Module):
    """Concurrent spatial and channel squeeze & excitation (Roy et al. 2018, Section 2), reduction ratio 2."""

    def __init__(self, ndim: int, channels: int, aggregate: Literal["max", "sum"]) -> None:
        super().__init__()
        self.channel = ChannelSELayer(ndim, channels, r=2)
        self.spatial = Conv["conv", ndim](channels, 1, 1)
        self.aggregate = torch.maximum if aggregate == "max" else torch.add

    def forward(self, feature: Tensor) -> Tensor:
        """Of the same shape `[B, channels, *spatial]`."""
        return self.aggregate(self.channel(feature), feature * self.spatial(feature).sigmoid())
