"""The U-Nets of nnU-Net, 2018."""

from __future__ import annotations

from typing import Literal

from monai.networks.layers.factories import Pool
from monai.networks.nets.dynunet import DynUNet
from torch import nn

from ...benchmark.plugin import NetworkParams, param
from ._encoder_decoder import EncoderDecoder


class NnUNet(EncoderDecoder):
    """Encoder and decoder of MONAI's DynUNet, with the poolings of 2018.

    Widths double from `width` (the paper's is 30) up to `cap`. At every resolution two 3 x 3 (x 3) convolutions, each
    followed by instance normalisation and a leaky ReLU of slope 0.01; down by max pooling, up by transposed
    convolution. One side of the input at least must exceed 2^levels voxels, else nothing is left to normalise.
    """

    feature_stages = ("enc1", "enc2", "enc3", "enc4", "bottleneck", "dec4", "dec3", "dec2", "dec1")

    class Params(EncoderDecoder.Params):
        levels: int = param(
            4,
            ge=2,
            le=6,
            source="Isensee et al. 2018, Section 2.1: until a patch's side is below 8, at most 6 (2-D) or 5 (3-D)",
            help="poolings; the patch's sides must be multiples of 2^levels, stages run to enc<levels>",
        )
        pooling: Literal["max", "stride"] = param(
            "max",
            source="Isensee et al. 2018, Section 2.1",
            help="max: as in 2018; stride: the first convolution of a level strides, as nnU-Net since 2019 and DynUNet",
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        levels, by_stride = self.params.levels, self.params.pooling == "stride"
        kernels, poolings = self.kernels(levels + 1, 3, 1), self.kernels(levels, 2, 1)
        strides = [(1,) * ndim, *poolings] if by_stride else [(1,) * ndim] * (levels + 1)
        widths = [min(self.params.width * 2**level, self.params.cap) for level in range(levels + 1)]
        net = DynUNet(ndim, in_channels, num_classes, kernels, strides, poolings, filters=widths)
        self.encoder = nn.ModuleList([net.input_block, *net.downsamples, net.bottleneck])
        if not by_stride:
            for level, size in enumerate(poolings, start=1):
                self.encoder[level] = nn.Sequential(Pool["max", ndim](size), self.encoder[level])
        self.decoder = net.upsamples
        self.head = net.output_block
        self.feature_stages = _stages(levels)  # type: ignore[assignment, misc]  # the class names its default's

    def kernels(self, count: int, size: int, flat_size: int) -> list[tuple[int, ...]]:
        """Kernel of each level from full resolution down; `flat_size` along the thick axis of a flat level."""
        return [(size,) * self.ndim] * count

    @property
    def divisor(self) -> int:
        return int(2**self.params.levels)


class NnUNet2d(NnUNet):
    """2-D nnU-Net of 2018 ('No New-Net'): MONAI's DynUNet with max pooling.

    It is the network alone: preprocessing, plans, augmentation, the Dice and cross-entropy loss and the ensemble of
    nnU-Net are not in it, and it has no deep supervision. The number of poolings does not follow the patch
    by itself: set `levels`. Convolutions before a normalisation have no bias, which it would cancel.
    """

    name = "nnunet-2d"
    citation = (
        "Isensee et al., 'nnU-Net: Self-adapting framework for U-Net-based medical image segmentation', "
        "arXiv:1809.10486, 2018; Isensee, Kickingereder, Wick, Bendszus & Maier-Hein, 'No New-Net', BrainLes 2018"
    )
    ndims = (2,)

    class Params(NnUNet.Params):
        cap: int = param(480, ge=1, unit="channels", source="nnU-Net's code", help="most channels of a level")


class NnUNet3d(NnUNet):
    """3-D nnU-Net of 2018 ('No New-Net'): MONAI's DynUNet with max pooling.

    As `nnunet-2d`. 'No New-Net' itself, the entry to BraTS, in addition reduces the number of channels before
    it upsamples; here, as in the other paper of that year, the transposed convolution does both at once.
    All kernels are isotropic, as they were in 2018; `flat_levels` brings in those that later versions use for
    thick slices (as there, a level's decoder has the kernel of the level below). Sides must be multiples of
    2^levels along the thick axis, too.
    """

    name = "nnunet-3d"
    citation = (
        "Isensee et al., 'nnU-Net: Self-adapting framework for U-Net-based medical image segmentation', "
        "arXiv:1809.10486, 2018; Isensee, Kickingereder, Wick, Bendszus & Maier-Hein, 'No New-Net', BrainLes 2018"
    )
    ndims = (3,)

    class Params(NnUNet.Params):
        cap: int = param(320, ge=1, unit="channels", source="nnU-Net's code", help="most channels of a level")
        flat_levels: int = param(
            0,
            ge=0,
            le=6,
            source="Isensee et al., Nature Methods 2021",
            help="levels from full resolution down that neither convolve nor pool along `thick_axis`",
        )
        thick_axis: Literal[0, 1, 2] = param(2, help="spatial axis along which slices are thick")

    def kernels(self, count: int, size: int, flat_size: int) -> list[tuple[int, ...]]:
        flat = [size] * 3
        flat[self.params.thick_axis] = flat_size
        flat_levels = min(self.params.flat_levels, count)
        return [tuple(flat)] * flat_levels + [(size,) * 3] * (count - flat_levels)


def _stages(levels: int) -> tuple[str, ...]:
    down = [f"enc{level}" for level in range(1, levels + 1)]
    return (*down, "bottleneck", *(name.replace("enc", "dec") for name in reversed(down)))
