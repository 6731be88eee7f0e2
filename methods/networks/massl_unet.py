"""The segmentation network of MASSL."""

from __future__ import annotations

from itertools import pairwise

from monai.networks.layers.factories import Pool
from monai.networks.nets.basic_unet import TwoConv, UpCat
from torch import nn

from ...benchmark.plugin import NetworkParams
from ._encoder_decoder import EncoderDecoder

ACTIVATION = ("leakyrelu", {"inplace": True})


class MASSLUNet(EncoderDecoder):
    """The U-Net of MASSL: average pooling, linear upsampling, instance normalisation (MONAI's blocks).

    Five resolution levels of two zero-padded 3 x 3 (x 3) convolutions, each instance-normalised and leaky; widths
    double from `width` (the paper's is 16) to 16 `width`, 256. The segmentation path alone: the decoder that rebuilds
    images is a part of the methods that use it. Classes are told by softmax instead of a sigmoid, any number of them.
    One side of the input at least must exceed 16 voxels, else nothing is left to normalise.
    """

    name = "massl-unet"
    citation = (
        "Chen, Bortsova, García-Uceda Juárez, van Tulder & de Bruijne, 'Multi-task attention-based semi-supervised "
        "learning for medical image segmentation', MICCAI 2019"
    )
    feature_stages = ("enc1", "enc2", "enc3", "enc4", "bottleneck", "dec4", "dec3", "dec2", "dec1")

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        widths = [self.params.width * 2**level for level in range(5)]
        self.encoder = nn.ModuleList([_block(ndim, in_channels, widths[0])])
        self.decoder = nn.ModuleList()
        for above, below in pairwise(widths):
            self.encoder.append(nn.Sequential(Pool["avg", ndim](2), _block(ndim, above, below)))
            self.decoder.insert(0, _up(ndim, below, above))
        self.head = nn.Conv2d(widths[0], num_classes, 1) if ndim == 2 else nn.Conv3d(widths[0], num_classes, 1)


def _block(ndim: int, inputs: int, outputs: int) -> nn.Module:
    return TwoConv(ndim, inputs, outputs, ACTIVATION, "instance", bias=True)


def _up(ndim: int, below: int, above: int) -> nn.Module:
    """Upsampling, the skip beside it, two convolutions."""
    return UpCat(
        ndim,
        below,
        above,
        above,
        ACTIVATION,
        "instance",
        bias=True,
        upsample="nontrainable",
        pre_conv=None,
        align_corners=False,
    )
