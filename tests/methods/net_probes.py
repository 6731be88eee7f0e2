"""What the tests of the networks ask of every one of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Network

SIDES: dict[int, tuple[int, ...]] = {2: (48, 32), 3: (32, 16, 16)}


def image_of(ndim: int, channels: int = 1, batch: int = 2, sides: tuple[int, ...] = ()) -> Tensor:
    """A random image `[batch, channels, *sides]`, the same each time."""
    draw = torch.Generator().manual_seed(0)
    return torch.randn(batch, channels, *(sides or SIDES[ndim]), generator=draw)


def size(module: nn.Module) -> int:
    """Number of parameters."""
    return sum(p.numel() for p in module.parameters())


def check_flow(network: Network, image: Tensor) -> None:
    """Every feature stage takes back the feature that it gave: one set to zero changes the logits."""
    with torch.no_grad():
        expected = network(image)
        assert torch.equal(_without(network, image, "none"), expected)
        for stage in network.feature_stages:
            assert not torch.equal(_without(network, image, stage), expected), stage


def _without(network: Network, image: Tensor, dropped: str) -> Tensor:
    flow = network.flow(image)
    stage, feature = next(flow)
    while True:
        try:
            stage, feature = flow.send(feature * 0 if stage == dropped else feature + 0)
        except StopIteration as end:
            logits: Tensor = end.value
            return logits
