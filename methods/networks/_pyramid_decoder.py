"""Units of ESPNetv2's decoder."""

from __future__ import annotations

from math import ceil, gcd

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from ._eesp import activated, activation, convolution

SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)
SMALLEST = 5
"""Least side of a resampled feature, in pixels."""


def upsample(feature: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bilinear interpolation with aligned corners."""
    return interpolate(feature, size, mode="bilinear", align_corners=True)


class PyramidPooling(nn.Module):
    """Efficient pyramid pooling: depth-wise convolutions at five scales, `[B, inputs, H, W]` to `[B, outputs, H, W]`.

    Reduced to `channels` by a point-wise convolution, the feature is resampled to each scale, convolved,
    and resampled back; the scales of a channel are merged by a convolution of its own. With `logits`
    nothing normalises the outputs.
    """

    def __init__(self, inputs: int, channels: int, outputs: int, logits: bool = False) -> None:
        super().__init__()
        count = len(SCALES)
        self.reduce = activated(inputs, channels, 1)
        self.scales = nn.ModuleList(convolution(channels, channels, 3, groups=channels) for _ in SCALES)
        self.merge = nn.Sequential(
            activation(count * channels),
            nn.ChannelShuffle(count),
            activated(count * channels, channels, 3, groups=channels),
        )
        self.expand = nn.Conv2d(channels, outputs, 1) if logits else activated(channels, outputs, 1)

    def forward(self, feature: Tensor) -> Tensor:
        reduced = self.reduce(feature)
        found = [_at_scale(reduced, scale, layer) for scale, layer in zip(SCALES, self.scales, strict=True)]
        out: Tensor = self.expand(self.merge(torch.cat(found, 1)))
        return out


def _at_scale(feature: Tensor, scale: float, layer: nn.Module) -> Tensor:
    size = feature.shape[2], feature.shape[3]
    scaled = max(ceil(size[0] * scale), SMALLEST), max(ceil(size[1] * scale), SMALLEST)
    if scale > 1:
        return adaptive_avg_pool2d(layer(upsample(feature, scaled)), size)
    if scale < 1:
        return upsample(layer(adaptive_avg_pool2d(feature, scaled)), size)
    out: Tensor = layer(feature)
    return out


class WeighedSkip(nn.Module):
    """A skip's grouped 3 x 3 convolution, its channels weighed by a sigmoid of the skip's mean."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.AdaptiveAvgPool2d(1), convolution(inputs, outputs, 1), nn.Sigmoid())
        self.expand = activated(inputs, outputs, 3, groups=gcd(inputs, outputs))

    def forward(self, skip: Tensor) -> Tensor:
        out: Tensor = self.expand(skip) * self.weigh(skip)
        return out


class PyramidUp(nn.Module):
    """One step of the decoder: pyramid pooling, twice the resolution, plus the encoder's feature there."""

    def __init__(self, inputs: int, skip: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.pyramid = PyramidPooling(inputs, channels, outputs)
        self.skip = WeighedSkip(skip, outputs)
        self.activate = activation(outputs)

    def forward(self, feature: Tensor, skip: Tensor) -> Tensor:
        out: Tensor = self.activate(upsample(self.pyramid(feature), tuple(skip.shape[2:])) + self.skip(skip))
        return out
