"""Units of ESPNetv2's encoder."""

from __future__ import annotations

from itertools import accumulate
from math import gcd

import torch
from torch import Tensor, nn

BRANCHES = 4
SHORTCUT_CHANNELS = 3
"""Between the two convolutions of the shortcut from the image: RGB's three, whatever the image has."""


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Module:
    """A padded convolution without bias."""
    return nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, groups, bias=False)


def activation(channels: int) -> nn.Module:
    """Batch normalisation, then PReLU."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.PReLU(channels))


def activated(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    """Convolution, batch normalisation, PReLU."""
    return nn.Sequential(convolution(inputs, outputs, kernel, stride, groups=groups), activation(outputs))


class EespBranches(nn.Module):
    """Reduce, split, transform, merge: the EESP unit up to its residual (Mehta et al. 2019, Fig. 1c).

    A grouped point-wise convolution, depth-wise 3 x 3 convolutions of several dilations side by side, whose outputs
    are summed up from the smallest dilation on (hierarchical feature fusion), and a grouped point-wise
    convolution over all of them. `outputs` and `inputs` are multiples of 4; where their quarter is not, the
    first convolution has fewer groups.
    """

    def __init__(self, inputs: int, outputs: int, dilations: tuple[int, ...], stride: int = 1) -> None:
        super().__init__()
        each = outputs // BRANCHES
        self.reduce = activated(inputs, each, 1, groups=gcd(BRANCHES, inputs, each))
        self.branches = nn.ModuleList(convolution(each, each, 3, stride, d, groups=each) for d in dilations)
        self.activate = activation(outputs)
        self.merge = nn.Sequential(convolution(outputs, outputs, 1, groups=BRANCHES), nn.BatchNorm2d(outputs))

    def forward(self, feature: Tensor) -> Tensor:
        reduced = self.reduce(feature)
        fused = accumulate(branch(reduced) for branch in self.branches)
        merged: Tensor = self.merge(self.activate(torch.cat(list(fused), 1)))
        return merged


class Eesp(nn.Module):
    """EESP unit: `[B, channels, H, W]` to the same, with a residual connection."""

    def __init__(self, channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = EespBranches(channels, channels, dilations)
        self.activate = nn.PReLU(channels)

    def forward(self, feature: Tensor) -> Tensor:
        out: Tensor = self.activate(self.branches(feature) + feature)
        return out


class StridedEesp(nn.Module):
    """Strided EESP unit: half the resolution, `outputs` channels (Mehta et al. 2019, Fig. 2).

    The feature, average-pooled, fills the first `inputs` channels and strided branches the others; a
    long-range shortcut adds the image, average-pooled to the same size, through two convolutions.
    """

    def __init__(self, inputs: int, outputs: int, image_channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = EespBranches(inputs, outputs - inputs, dilations, stride=2)
        self.pool = nn.AvgPool2d(3, stride=2, padding=1)
        self.shortcut = nn.Sequential(
            activated(image_channels, SHORTCUT_CHANNELS, 3),
            convolution(SHORTCUT_CHANNELS, outputs, 1),
            nn.BatchNorm2d(outputs),
        )
        self.activate = nn.PReLU(outputs)

    def forward(self, feature: Tensor, image: Tensor) -> Tensor:
        pooled = self.pool(feature)
        while image.shape[2] > pooled.shape[2]:
            image = self.pool(image)
        out: Tensor = self.activate(torch.cat([pooled, self.branches(feature)], 1) + self.shortcut(image))
        return out


class EespLevel(nn.Module):
    """One resolution of the encoder: a strided unit, then EESP units."""

    def __init__(self, down: StridedEesp, units: list[Eesp]) -> None:
        super().__init__()
        self.down = down
        self.units = nn.Sequential(*units)

    def forward(self, feature: Tensor, image: Tensor) -> Tensor:
        out: Tensor = self.units(self.down(feature, image))
        return out
