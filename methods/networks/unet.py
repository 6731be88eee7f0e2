"""U-Net."""

from __future__ import annotations

from typing import Literal

from monai.networks.nets.basic_unet import BasicUNet
from torch import nn

from ...benchmark.plugin import NetworkParams, param
from ._encoder_decoder import EncoderDecoder


class UNet(EncoderDecoder):
    """U-Net with four poolings (MONAI's BasicUNet).

    Widths double from `width` at full resolution to 16 `width` at the bottleneck. It differs from
    Ronneberger et al. in padding every convolution, normalising after it, and a leaky ReLU of slope 0.1.
    One side of the input at least must exceed 16 voxels, else nothing is left to normalise.
    """

    name = "unet"
    citation = (
        "Ronneberger, Fischer & Brox, 'U-Net: Convolutional networks for biomedical image segmentation', MICCAI 2015; "
        "Falk et al., 'U-Net: deep learning for cell counting, detection, and morphometry', Nature Methods 2019"
    )
    feature_stages = ("enc1", "enc2", "enc3", "enc4", "bottleneck", "dec4", "dec3", "dec2", "dec1")

    class Params(EncoderDecoder.Params):
        norm: Literal["instance", "batch"] = param(
            "batch",
            source="MONAI BasicUNet",
            help="batch: as the papers' networks, and faster; instance: the same in training and test",
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        w = self.params.width
        norm = ("instance", {"affine": True}) if self.params.norm == "instance" else "batch"
        net = BasicUNet(ndim, in_channels, num_classes, (w, 2 * w, 4 * w, 8 * w, 16 * w, w), norm=norm)
        self.encoder = nn.ModuleList([net.conv_0, net.down_1, net.down_2, net.down_3, net.down_4])
        self.decoder = nn.ModuleList([net.upcat_4, net.upcat_3, net.upcat_2, net.upcat_1])
        self.head = net.final_conv
