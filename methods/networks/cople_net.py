"""COPLE-Net."""

from __future__ import annotations

from monai.networks.blocks.aspp import SimpleASPP
from monai.networks.blocks.convolutions import Convolution
from monai.networks.blocks.downsample import MaxAvgPool
from monai.networks.layers.factories import Pool
from torch import nn

from ...benchmark.plugin import NetworkParams, param
from ._cople_blocks import ResidualBlock, Up, convolutions
from ._encoder_decoder import EncoderDecoder


class CopleNet(EncoderDecoder):
    """COPLE-Net: U-Net with dual pooling, bridge layers and ASPP.

    Each switch off is an ablation of the paper's Table II: `aspp` (-A), `dual_pooling` (-D), `bridge` (-B).
    Widths double from `width` (the paper's is 32) to 16 `width`. At 32, one image channel and two classes these are
    the 10,521,666 parameters of the authors' code, of which this is the same function, from MONAI's blocks.

    The paper does not say where the residual connection goes when a switch changes the number of channels: with
    `dual_pooling` or `bridge` off, a 1 x 1 convolution projects it (He et al. 2016, option B); without bridges the
    upsampled feature keeps as many channels as the skip. As in the authors' code, the first block has no residual
    connection, and squeeze & excitation scales by 1 + ReLU(.), not by a sigmoid.

    The paper's network is 2-D because of thick slices; 3-D is the same with 3-D layers and trilinear upsampling.
    One side of the input at least must exceed 16 voxels, else nothing is left to normalise. `bottleneck` is the
    output of the ASPP.
    """

    name = "cople-net"
    citation = (
        "Wang et al., 'A noise-robust framework for automatic segmentation of COVID-19 pneumonia lesions from CT "
        "images', IEEE TMI 2020"
    )
    feature_stages = ("enc1", "enc2", "enc3", "enc4", "bottleneck", "dec4", "dec3", "dec2", "dec1")

    class Params(EncoderDecoder.Params):
        width: int | None = param(
            None,
            ge=2,
            unit="channels",
            source="Wang et al. 2020: 32",
            help="channels of the first level; unset: the budget's",
        )
        aspp: bool = param(
            True, source="Wang et al. 2020, Table II (-A)", help="dilated convolutions (1, 2, 4, 6) at the bottleneck"
        )
        dual_pooling: bool = param(
            True, source="Wang et al. 2020, Table II (-D)", help="max- and average-pooling side by side; off: max alone"
        )
        bridge: bool = param(
            True, source="Wang et al. 2020, Table II (-B)", help="1 x 1 convolutions that halve the skips' channels"
        )
        dropout: float = param(
            0.5,
            ge=0,
            lt=1,
            low=0.0,
            high=0.7,
            source="MONAI's CopleNet; the paper mentions none",
            help="rate at the bottleneck; 0.8 of it one level up, 0.6 two, none above",
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        width, rates = self.params.width, [self.params.dropout * part for part in (0, 0, 0.6, 0.8, 1)]
        downs = [self._down(width * 2 ** (level - 1), rates[level]) for level in range(1, 5)]
        if self.params.aspp:
            downs[-1].append(SimpleASPP(ndim, 16 * width, 4 * width, bias=True))
        self.encoder = nn.ModuleList([convolutions(ndim, in_channels, width, rates[0]), *downs])
        self.decoder = nn.ModuleList(
            Up(ndim, width * 2**level, self.params.bridge, rates[level]) for level in (3, 2, 1, 0)
        )
        self.head = Convolution(ndim, width, num_classes, kernel_size=3, conv_only=True)

    def _down(self, channels: int, rate: float) -> nn.Sequential:
        """From `channels` to twice as many at half the resolution."""
        if self.params.dual_pooling:
            return nn.Sequential(MaxAvgPool(self.ndim, 2), ResidualBlock(self.ndim, 2 * channels, 2 * channels, rate))
        pool = Pool["max", self.ndim](kernel_size=2)
        return nn.Sequential(pool, ResidualBlock(self.ndim, channels, 2 * channels, rate))
