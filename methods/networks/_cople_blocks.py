"""Blocks of COPLE-Net."""

from __future__ import annotations

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.blocks.squeeze_and_excitation import ResidualSELayer
from monai.networks.blocks.upsample import UpSample
from torch import Tensor, nn


def convolutions(ndim: int, inputs: int, outputs: int, rate: float) -> nn.Sequential:
    """Two 3 x 3 convolutions, each normalised and leaky, dropout of single values between; squeeze & excitation."""
    return nn.Sequential(
        Convolution(ndim, inputs, outputs, adn_ordering="NAD", act="leakyrelu", norm="batch", dropout=rate),
        Convolution(ndim, outputs, outputs, adn_ordering="NA", act="leakyrelu", norm="batch"),
        ResidualSELayer(ndim, outputs, r=2),
    )


class ResidualBlock(nn.Module):
    """`convolutions` with a residual connection, projected by a 1 x 1 convolution where channels differ."""

    def __init__(self, ndim: int, inputs: int, outputs: int, rate: float) -> None:
        super().__init__()
        self.convolutions = convolutions(ndim, inputs, outputs, rate)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = Convolution(ndim, inputs, outputs, kernel_size=1, conv_only=True)

    def forward(self, feature: Tensor) -> Tensor:
        """`[B, inputs, *spatial]` to `[B, outputs, *spatial]`."""
        new: Tensor = self.convolutions(feature) + self.shortcut(feature)
        return new


class Up(nn.Module):
    """One level up: bridged skip and upsampled feature side by side, then a residual block.

    Parameters
    ----------
    channels
        Of the skip and of the result; the feature from below has twice as many.
    bridge
        Whether a 1 x 1 convolution halves the skip's channels.
    """

    def __init__(self, ndim: int, channels: int, bridge: bool, rate: float) -> None:
        super().__init__()
        # bridge and upsampling share an odd number of channels unevenly, so that the residual connection fits
        kept = channels // 2 if bridge else channels
        raised = channels - kept if bridge else channels
        self.bridge: nn.Module = nn.Identity()
        if bridge:
            self.bridge = Convolution(ndim, channels, kept, kernel_size=1, act="leakyrelu", norm="batch")
        self.upsample = UpSample(ndim, 2 * channels, raised, mode="nontrainable")
        self.block = ResidualBlock(ndim, kept + raised, channels, rate)

    def forward(self, feature: Tensor, skip: Tensor) -> Tensor:
        """`[B, 2 channels, *spatial]` and `[B, channels, *doubled]` to `[B, channels, *doubled]`."""
        new: Tensor = self.block(torch.cat([self.bridge(skip), self.upsample(feature)], dim=1))
        return new
