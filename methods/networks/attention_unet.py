"""Attention U-Net."""

from __future__ import annotations

from monai.networks.layers.factories import Conv
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ...benchmark.plugin import NetworkParams
from .unet import UNet


class AttentionUNet(UNet):
    """U-Net whose skips pass gates that the coarser level opens.

    The network `unet` with the grid attention of Oktay et al. before three of the four concatenations; the first skip
    is not gated, as in the paper. Not MONAI's AttentionUnet: that one gates every skip by the feature after
    upsampling, normalises inside the gate, and shrinks by strided convolutions. The paper's deep
    supervision is left out: a method of nsbench sees one set of logits and brings its own loss.
    """

    name = "attention-unet"
    citation = "Oktay et al., 'Attention U-Net: Learning where to look for the pancreas', MIDL 2018"

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        for i, channels in enumerate(self.params.width * factor for factor in (8, 4, 2)):
            self.decoder[i] = GatedBlock(self.decoder[i], AttentionGate(ndim, channels))


class GatedBlock(nn.Module):
    """A decoder block that sees its skip through a gate."""

    def __init__(self, block: nn.Module, gate: AttentionGate) -> None:
        super().__init__()
        self.gate = gate
        self.block = block

    def forward(self, feature: Tensor, skip: Tensor) -> Tensor:
        """`[B, 2 channels, *spatial]` and `[B, channels, *doubled]` to `[B, channels, *doubled]`."""
        new: Tensor = self.block(feature, self.gate(skip, feature))
        return new


class AttentionGate(nn.Module):
    """Additive attention on the grid of the coarser feature.

    Parameters
    ----------
    channels
        Of the skip; the gating feature has twice as many. As in the authors' code, so many are between, too, and
        a 2 x 2 convolution of stride 2 brings the skip to the coarser grid.
    """

    def __init__(self, ndim: int, channels: int) -> None:
        super().__init__()
        convolution = Conv["conv", ndim]
        self.of_skip = convolution(channels, channels, 2, stride=2, bias=False)
        self.of_feature = convolution(2 * channels, channels, 1)
        self.score = convolution(channels, 1, 1)
        self.mode = "bilinear" if ndim == 2 else "trilinear"

    def forward(self, skip: Tensor, feature: Tensor) -> Tensor:
        """The skip `[B, channels, *doubled]` times coefficients between 0 and 1, gated by `[B, 2 channels, *spatial]`.

        Oktay et al. 2018, Eq. 1 and 2.
        """
        added = (self.of_skip(skip) + self.of_feature(feature)).relu()
        coefficients = self.score(added).sigmoid()
        return skip * interpolate(coefficients, size=skip.shape[2:], mode=self.mode)
