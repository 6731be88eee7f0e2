"""Networks made of an encoder, a decoder with skip connections, and a head."""

from __future__ import annotations

from torch import Tensor, nn

from ...benchmark.plugin import Network
from ...benchmark.plugin.network import Flow


class EncoderDecoder(Network):
    """A U-shaped network; a subclass fills `encoder`, `decoder` and `head`.

    Attributes
    ----------
    encoder
        Blocks from full resolution to the bottleneck: `block(feature)`.
    decoder
        Blocks from the bottleneck upwards, one fewer: `block(feature, skip)`, the skip being the
        encoder's feature of that level.
    head
        From the last feature to logits.
    """

    encoder: nn.ModuleList
    decoder: nn.ModuleList
    head: nn.Module

    def flow(self, image: Tensor) -> Flow:
        names = iter(self.feature_stages)
        feature, skips = image, []
        for block in self.encoder:
            feature = yield next(names), block(feature)
            skips.append(feature)
        for block, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            feature = yield next(names), block(feature, skip)
        logits: Tensor = self.head(feature)
        return logits
