"""A network that judges how well a label fits its image."""

from __future__ import annotations

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.layers.factories import Pool
from torch import Tensor, nn

CONVOLUTIONS = (1, 1, 2, 2, 2)
"""Convolutions of each level of VGG-11 (Simonyan & Zisserman, ICLR 2015, Table 1, A)."""


class QualityModule(nn.Module):
    """VGG-11 with batch normalisation on the image and its label; one averaged channel instead of the classifier.

    Channels double from level to level up to eight times `width`, as VGG's do from 64 to 512.

    Parameters
    ----------
    in_channels
        Channels of image and one-hot label together.
    ndim
        2 or 3.
    width
        Channels of the first level.
    """

    def __init__(self, in_channels: int, ndim: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for level, count in enumerate(CONVOLUTIONS):
            if level:
                layers.append(Pool[Pool.MAX, ndim](2, ceil_mode=True))
            for _ in range(count):
                out = width * 2 ** min(level, 3)
                layers.append(Convolution(ndim, channels, out, adn_ordering="NA", act="RELU", norm="BATCH"))
                channels = out
        self.layers = nn.Sequential(*layers, Convolution(ndim, channels, 1, kernel_size=1, conv_only=True))

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        """Score float32 `[B]` of images `[B, C, *spatial]` with labels `[B, classes, *spatial]`; unbounded."""
        scores: Tensor = self.layers(torch.cat((image, label), 1)).float().flatten(1).mean(1)
        return scores
