"""FCN-8s."""

from __future__ import annotations

from typing import Literal, cast

import torch
from monai.networks.layers.factories import Conv, Dropout
from torch import Tensor, nn

from ...benchmark.plugin import Network, NetworkParams, param
from ...benchmark.plugin.network import Flow
from ._vgg import fill_from, published_weights, vgg_blocks

WIDE = 64
"""Channels of the two last convolutions, as a multiple of `width`: 4096 at the paper's 64."""


class FCN8s(Network):
    """FCN-8s: the layers of VGG-16, with scores of strides 32, 16 and 8 added up.

    All widths follow `width`, the paper's is 64. It pads the 7 x 7 convolution, not the image by 100 pixels, and so
    crops nothing. Scores are upsampled by transposed convolutions that start as linear interpolation and learn.

    Weights are drawn at random (He et al. 2015), and convolutions are followed by batch normalisation, without which
    the sixteen layers hardly learn from scratch. `weights` takes those of ImageNet from a file that you supply, in 2-D
    at `width` 64: those of VGG-16 with `norm: none`, those of its form with batch normalisation with `norm: batch`.

    Stages: `pool1` to `pool5`, `fc7`, then the scores `fuse16` and `fuse8`.
    """

    name = "fcn8s"
    citation = (
        "Long, Shelhamer & Darrell, 'Fully convolutional networks for semantic segmentation', CVPR 2015; "
        "Simonyan & Zisserman, 'Very deep convolutional networks for large-scale image recognition', ICLR 2015"
    )
    feature_stages = ("pool1", "pool2", "pool3", "pool4", "pool5", "fc7", "fuse16", "fuse8")

    class Params(Network.Params):
        norm: Literal["batch", "none"] = param(
            "batch", source="Simonyan & Zisserman 2015: none", help="after each convolution of VGG"
        )
        dropout: float = param(0.5, ge=0, lt=1, low=0.0, high=0.7, source="Long et al. 2015", help="after fc6 and fc7")
        weights: str | None = param(
            None, source="Long et al. 2015", help="file in torch's hub folder, as published: vgg16-397923af.pth"
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        width, drop, convolution = self.params.width, Dropout["dropout", ndim], Conv["conv", ndim]
        self.blocks = vgg_blocks(ndim, in_channels, width, self.params.norm)
        self.classifier = nn.Sequential(
            *[convolution(8 * width, WIDE * width, 7, padding=3), nn.ReLU(inplace=True), drop(self.params.dropout)],
            *[convolution(WIDE * width, WIDE * width, 1), nn.ReLU(inplace=True), drop(self.params.dropout)],
        )
        self.score = convolution(WIDE * width, num_classes, 1)
        self.score4, self.score3 = (convolution(factor * width, num_classes, 1) for factor in (8, 4))
        self.up16, self.up8 = (_upsampling(ndim, num_classes, 2) for _ in range(2))
        self.up1 = _upsampling(ndim, num_classes, 8)
        if self.params.weights:
            self._load(self.params.weights)

    @property
    def divisor(self) -> int:
        return 32

    def flow(self, image: Tensor) -> Flow:
        feature, pooled = image, []
        for name, block in zip(self.feature_stages, self.blocks):
            feature = yield name, block(feature)
            pooled.append(feature)
        feature = yield "fc7", self.classifier(feature)
        feature = yield "fuse16", self.up16(self.score(feature)) + self.score4(pooled[3])
        feature = yield "fuse8", self.up8(feature) + self.score3(pooled[2])
        logits: Tensor = self.up1(feature)
        return logits

    @torch.no_grad()
    def _load(self, name: str) -> None:
        """Published weights for all but the scores."""
        every = [layer for block in self.blocks for layer in cast("nn.Sequential", block)]
        numbered = {f"features.{i}": layer for i, layer in enumerate(every) if list(layer.parameters())}
        numbered |= {f"classifier.{i}": self.classifier[i] for i in (0, 3)}
        fill_from(numbered, published_weights(name), name)


def _upsampling(ndim: int, channels: int, factor: int) -> nn.Module:
    """A transposed convolution that starts as linear interpolation of each channel."""
    layer = Conv["convtrans", ndim](channels, channels, 2 * factor, stride=factor, padding=factor // 2, bias=False)
    ramp = 1 - (torch.arange(2 * factor) - factor + 0.5).abs() / factor
    kernel = ramp
    for _ in range(ndim - 1):
        kernel = kernel.unsqueeze(-1) * ramp
    with torch.no_grad():
        layer.weight.zero_()
        for channel in range(channels):
            layer.weight[channel, channel] = kernel
    weighted: nn.Module = layer
    return weighted
