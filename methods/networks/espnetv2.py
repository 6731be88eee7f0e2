"""ESPNetv2."""

from __future__ import annotations

from math import ceil

from torch import Tensor, nn

from ...benchmark.plugin import Network, NetworkParams, param
from ...benchmark.plugin.network import Flow
from ._eesp import BRANCHES, Eesp, EespLevel, StridedEesp, activated
from ._pyramid_decoder import PyramidPooling, PyramidUp, upsample

DILATIONS = (1, 2, 3, 4)
UNITS = ((0, DILATIONS), (3, DILATIONS), (7, (1, 1, 2, 3)))
"""EESP units after the strided one and their dilations, at 1/4, 1/8 and 1/16 of the resolution (Table 1)."""


class ESPNetv2(Network):
    """ESPNetv2 with the pyramid decoder of its authors' segmentation code, for any number of channels.

    It was built for RGB images and pretrained on ImageNet; here nothing is pretrained, and the first convolution and
    the shortcuts from the image take whatever channels there are. `width` channels at half the
    resolution (the paper's is 32, and 16 for its smallest network), 2, 4 and 8 times `scale` `width` at 1/4, 1/8 and
    1/16, all rounded up to multiples of 4, the number of branches of an EESP unit. The paper's s = 1 to 2 is `scale`
    at width 32, its s = 0.5 `scale` 1 at width 16. Features are named by level: `enc1` is at half the resolution.
    """

    name = "espnetv2"
    citation = (
        "Mehta, Rastegari, Shapiro & Hajishirzi, 'ESPNetv2: A light-weight, power efficient, and general purpose "
        "convolutional neural network', CVPR 2019"
    )
    ndims = (2,)
    feature_stages = ("enc1", "enc2", "enc3", "bottleneck", "dec3", "dec2", "dec1")

    class Params(Network.Params):
        scale: float = param(
            2.0, ge=1, low=1.0, high=2.0, source="the authors' segmentation models: s = 2", help="widens levels 2 to 4"
        )
        decoder_width: int = param(
            16,
            ge=1,
            unit="channels",
            source="the authors' code, PASCAL VOC and Cityscapes",
            help="the decoder has 4, 3 and 2 times as many at 1/8, 1/4 and 1/2 of the resolution",
        )
        pyramid_width: int = param(
            10,
            ge=1,
            unit="channels",
            source="the authors' code: half of the number of classes, 10 on PASCAL VOC and Cityscapes",
            help="within pyramid pooling; fixed here, as half of two classes would leave one channel",
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        widths = self.widths()
        self.stem = activated(in_channels, widths[0], 3, stride=2)
        self.levels = nn.ModuleList(
            EespLevel(
                StridedEesp(inputs, outputs, in_channels, DILATIONS), [Eesp(outputs, dilations) for _ in range(units)]
            )
            for inputs, outputs, (units, dilations) in zip(widths, widths[1:], UNITS)
        )
        base, pyramid = self.params.decoder_width, self.params.pyramid_width
        self.decoder = nn.ModuleList(
            PyramidUp(inputs, skip, pyramid, outputs)
            for inputs, skip, outputs in zip(
                (widths[3], 4 * base, 3 * base), widths[2::-1], (4 * base, 3 * base, 2 * base)
            )
        )
        self.head = PyramidPooling(2 * base, pyramid, num_classes, logits=True)
        self.apply(_initialise)

    def widths(self) -> list[int]:
        """Channels of the encoder's four levels."""
        width, scale = self.params.width, self.params.scale
        exact = (width, 2 * scale * width, 4 * scale * width, 8 * scale * width)
        return [BRANCHES * ceil(channels / BRANCHES) for channels in exact]

    def flow(self, image: Tensor) -> Flow:
        names = iter(self.feature_stages)
        feature = yield next(names), self.stem(image)
        skips = [feature]
        for level in self.levels:
            feature = yield next(names), level(feature, image)
            skips.append(feature)
        for step, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            feature = yield next(names), step(feature, skip)
        return upsample(self.head(feature), tuple(image.shape[2:]))


def _initialise(module: nn.Module) -> None:
    """He initialisation by fan-out, as in the authors' code."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
