"""V-Net."""

from __future__ import annotations

from monai.networks.layers.factories import Dropout
from monai.networks.nets.vnet import DownTransition, InputTransition, OutputTransition, UpTransition
from torch import nn

from ...benchmark.plugin import NetworkParams, UserError, param
from ._encoder_decoder import EncoderDecoder

ACTIVATION = ("elu", {"inplace": True})


class VNet(EncoderDecoder):
    """V-Net with the two dropout layers of PINT (MONAI's blocks).

    Widths double from `width` at full resolution (the paper's is 16) to 16 `width` at the bottleneck. As in
    MONAI and unlike Milletari et al., convolutions are followed by batch normalisation, and ELU replaces PReLU.
    Of MONAI's own dropout there is none: channels are dropped after the fifth left stage (`bottleneck`) and
    after the first right stage (`dec1`), as Shi & Wu (PINT) and Yu et al. (UA-MT) do. The code of
    UA-MT calls V-Net a smaller network (3 x 3 x 3 kernels, no residuals, added skips: 9.4 million parameters at
    width 16); this one keeps Milletari's 5 x 5 x 5 kernels, residuals and concatenation (45.6 million).
    """

    name = "vnet"
    citation = (
        "Milletari, Navab & Ahmadi, 'V-Net: Fully convolutional neural networks for volumetric medical image "
        "segmentation', 3DV 2016"
    )
    feature_stages = ("enc1", "enc2", "enc3", "enc4", "bottleneck", "dec4", "dec3", "dec2", "dec1")

    class Params(EncoderDecoder.Params):
        dropout: float = param(
            0.5, ge=0, lt=1, low=0.0, high=0.7, source="PINT, Section 3.1", help="rate of the two dropout layers"
        )

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        w, rate = self.params.width, self.params.dropout
        if w % in_channels:
            multiple = in_channels * max(round(w / in_channels), 1)
            raise UserError(
                f"network vnet: width {w} is no multiple of the image's {in_channels} channels; "
                f"set the network's width to {multiple}"
            )
        drop = Dropout["dropout", ndim]
        self.encoder = nn.ModuleList([InputTransition(ndim, in_channels, w, ACTIVATION)])
        for level, convolutions in enumerate((1, 2, 3, 2)):
            self.encoder.append(DownTransition(ndim, w * 2**level, convolutions, ACTIVATION, dropout_dim=ndim))
        self.encoder[-1] = nn.Sequential(self.encoder[-1], drop(rate))
        self.decoder = nn.ModuleList(
            UpTransition(ndim, w * inputs, w * outputs, convolutions, ACTIVATION, (None, 0.0), ndim)
            for inputs, outputs, convolutions in ((16, 16, 2), (16, 8, 2), (8, 4, 1), (4, 2, 1))
        )
        self.head = nn.Sequential(drop(rate), OutputTransition(ndim, 2 * w, num_classes, ACTIVATION))
