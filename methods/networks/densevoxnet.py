"""DenseVoxNet."""

from __future__ import annotations

from typing import Literal

from monai.networks.blocks.denseblock import DenseBlock
from monai.networks.layers.factories import Conv, Norm, Pool
from torch import Tensor, nn

from ...benchmark.plugin import Network, NetworkParams, param
from ...benchmark.plugin.network import Flow

LAYERS = 12
"""Layers of each of the two dense blocks (Yu et al. 2017, Section 2.2)."""


class DenseVoxNet(Network):
    """DenseVoxNet: two dense blocks at half and quarter resolution, two deconvolutions back.

    All widths follow `width`, the channels of the first convolution; at the paper's 16 they are the paper's:
    growth 12, 160 and 304 channels after the dense blocks, deconvolutions to 128 and 64. In 3-D these are
    1.7 million parameters (the paper: 1.8 million with the side path); the authors' released network has
    deconvolutions of side 4, and with them 4.3 million (`deconvolution: 4`).

    Blocks are MONAI's `DenseBlock`, but neither the layers of its `DenseNet`, which squeeze channels by a
    1 x 1 convolution before each 3 x 3, nor its transition, which averages where this one takes the maximum.

    The auxiliary side path is left out: it scores the `transition` feature in training only, as a second
    cross entropy of weight 0.33 in the released network, while a method of nsbench sees one set of logits and brings
    its own loss. Convolutions start from PyTorch's default instead of a normal distribution of deviation 0.01.

    Stages: `stem` and `dense1` at half, `transition` and `dense2` at a quarter of the resolution, `up1`, `up2`.
    """

    name = "densevoxnet"
    citation = (
        "Yu, Cheng, Dou, Yang, Chen, Qin & Heng, 'Automatic 3D cardiovascular MR segmentation with densely-connected "
        "volumetric ConvNets', MICCAI 2017"
    )
    feature_stages = ("stem", "dense1", "transition", "dense2", "up1", "up2")

    class Params(Network.Params):
        growth: int | None = param(
            None, ge=1, unit="channels", source="Yu et al. 2017, Section 2.2: 12", help="unset: three quarters of width"
        )
        dropout: float = param(
            0.2, ge=0, lt=1, low=0.0, high=0.5, source="Yu et al. 2017, Section 2.2", help="rate after each convolution"
        )
        deconvolution: Literal[2, 4] = param(
            2, unit="voxel", source="Yu et al. 2017, Section 2.2 (2); released network (4)", help="side of the kernel"
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        width = self.params.width
        conv, self.growth = Conv["conv", ndim], self.params.growth or max(round(0.75 * width), 1)
        first = width + LAYERS * self.growth
        second = first + LAYERS * self.growth
        self.stem = conv(in_channels, width, 3, stride=2, padding=1, bias=False)
        self.dense1 = self._dense(width)
        self.transition = nn.Sequential(
            *self._convolution(first, first, 1), self._dropout(), Pool["max", ndim](kernel_size=2)
        )
        self.dense2 = self._dense(first)
        self.up1 = nn.Sequential(*self._convolution(second, second, 1), self._deconvolution(second, 8 * width))
        self.up2 = self._deconvolution(8 * width, 4 * width)
        self.head = conv(4 * width, num_classes, 1)

    @property
    def divisor(self) -> int:
        """The first convolution and the pooling halve each side."""
        return 4

    def flow(self, image: Tensor) -> Flow:
        feature = image
        for name in self.feature_stages:
            feature = yield name, self.get_submodule(name)(feature)
        logits: Tensor = self.head(feature)
        return logits

    def _dense(self, channels: int) -> DenseBlock:
        inputs = (channels + i * self.growth for i in range(LAYERS))
        return DenseBlock([nn.Sequential(*self._convolution(i, self.growth, 3), self._dropout()) for i in inputs])

    def _convolution(self, inputs: int, outputs: int, side: int) -> tuple[nn.Module, ...]:
        """Normalisation and activation come before the convolution."""
        convolution = Conv["conv", self.ndim](inputs, outputs, side, padding=side // 2, bias=False)
        return Norm["batch", self.ndim](inputs), nn.ReLU(inplace=True), convolution

    def _dropout(self) -> nn.Module:
        """Of single values, not of channels: as in Caffe, in which the network was written."""
        return nn.Dropout(self.params.dropout)

    def _deconvolution(self, inputs: int, outputs: int) -> nn.Module:
        side = self.params.deconvolution
        up = Conv["convtrans", self.ndim](inputs, outputs, side, stride=2, padding=side // 2 - 1)
        return nn.Sequential(up, nn.ReLU(inplace=True))
