"""A second decoder on a network's encoder: what turns a segmenter into an autoencoder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.nets.basic_unet import TwoConv
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..benchmark.plugin import Flow, Network, UserError

ACTIVATION = ("leakyrelu", {"inplace": True})
LEAST_WIDTH = 2


def encoded(network: Network, image: Tensor, stage: str) -> tuple[Flow, Tensor]:
    """Run the network up to a feature stage: the flow that waits there, and the feature."""
    flow = network.flow(image)
    name, feature = next(flow)
    while name != stage:
        name, feature = flow.send(feature)
    return flow, feature


def decoded(flow: Flow, feature: Tensor) -> Tensor:
    """Logits of a flow that waits at a stage, when it goes on with that feature."""
    try:
        while True:
            _, feature = flow.send(feature)
    except StopIteration as end:
        logits: Tensor = end.value
        return logits


@contextmanager
def observed(network: Network) -> Iterator[None]:
    """The network in eval mode, and afterwards as it was."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def blank_image(network: Network, channels: int) -> Tensor:
    """A small image `[1, channels, *spatial]` that the network accepts."""
    sides = [2 * network.divisor] * network.ndim
    return next(network.parameters()).new_zeros(1, channels, *sides)


@torch.no_grad()
def encoder_end(
    network: Network, channels: int, wanted: str | None = None
) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """The feature stage where the encoder ends: the wanted one, else the last of those with the coarsest grid.

    Returns
    -------
    Its name, the feature's shape `(channels, *spatial)`, and the sides of the image that gave it.

    Raises
    ------
    UserError
        The network has no feature stage of the wanted name, or none at all.
    """
    image = blank_image(network, channels)
    with observed(network):
        features = network.features(image)
    if not features or (wanted and wanted not in features):
        found = ", ".join(features) or "none"
        raise UserError(f"encoder_end {wanted or 'unset'}: the network's feature stages are: {found}")
    coarsest = min(feature[0, 0].numel() for feature in features.values())
    name = wanted or [name for name, feature in features.items() if feature[0, 0].numel() == coarsest][-1]
    return name, tuple(features[name].shape[1:]), tuple(image.shape[2:])


def encoder_modules(network: Network, channels: int, stage: str) -> list[nn.Module]:
    """The modules whose own parameters take part in the feature of that stage."""
    with observed(network), torch.enable_grad():
        _, feature = encoded(network, blank_image(network, channels), stage)
        gradients = torch.autograd.grad(feature.sum(), list(network.parameters()), allow_unused=True)
    used = {id(p) for p, gradient in zip(network.parameters(), gradients) if gradient is not None}
    return [part for part in network.modules() if any(id(p) in used for p in part.parameters(recurse=False))]


@contextmanager
def buffers_kept(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Running statistics of these modules are afterwards what they were."""
    before = [(buffer, buffer.clone()) for part in modules for buffer in part.buffers(recurse=False)]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)


class ReconstructionDecoder(nn.Module):
    """From an encoder's deepest feature back to images, without skip connections (Chen et al. 2019, Section 3).

    At every level two convolutions, each instance-normalised and leaky, after linear upsampling by 2; the channels
    are halved at each level.

    Parameters
    ----------
    feature
        Shape of the deepest feature, `(channels, *spatial)`.
    image
        Sides of the image that it was made from.
    outputs
        Channels of the reconstruction.
    """

    def __init__(self, feature: tuple[int, ...], image: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        ndim, channels = len(image), feature[0]
        self.mode = "bilinear" if ndim == 2 else "trilinear"
        self.factors = _factors([large // small for large, small in zip(image, feature[1:])])
        self.levels = nn.ModuleList()
        for _ in self.factors:
            self.levels.append(TwoConv(ndim, channels, max(channels // 2, LEAST_WIDTH), ACTIVATION, "instance", True))
            channels = max(channels // 2, LEAST_WIDTH)
        self.head = Convolution(ndim, channels, outputs, kernel_size=1, conv_only=True)

    def forward(self, feature: Tensor) -> Tensor:
        """Reconstruction `[B, outputs, *spatial]` from the feature `[B, channels, *reduced]`."""
        for factor, level in zip(self.factors, self.levels, strict=True):
            feature = level(interpolate(feature, scale_factor=factor, mode=self.mode))
        image: Tensor = self.head(feature)
        return image


def _factors(ratios: list[int]) -> list[tuple[float, ...]]:
    """Upsampling of each level: by 2 along every axis that is not at full resolution yet."""
    levels = []
    while any(ratio > 1 for ratio in ratios):
        levels.append(tuple(2.0 if ratio > 1 else 1.0 for ratio in ratios))
        ratios = [max(ratio // 2, 1) for ratio in ratios]
    return levels
