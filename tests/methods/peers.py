"""Networks whose logits are parameters, so that a gradient can be read off voxel by voxel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Batch, Method
from nsbench.methods._peers import PeerNetworks


class FixedLogits(nn.Module):
    """A network that gives the same logits for every image."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, image: Tensor) -> Tensor:
        return self.logits


def with_logits(method: Method, *logits: Tensor) -> PeerNetworks:
    """The method, its networks replaced by ones that give these logits `[B, num_classes, *spatial]`."""
    assert isinstance(method, PeerNetworks)
    method.networks = nn.ModuleList([FixedLogits(each.clone()) for each in logits])
    return method


def with_losses(method: Method, batch: Batch, *losses: Tensor) -> PeerNetworks:
    """The method, its networks replaced by ones that have these losses `[B, *spatial]` on a batch of two classes."""
    sign = 2.0 * batch.label - 1
    advantages = [-torch.expm1(loss).log() for loss in losses]
    return with_logits(method, *(torch.stack([-sign * each / 2, sign * each / 2], 1) for each in advantages))


def random_logits(batch: Batch, seed: int) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(len(batch.label), batch.num_classes, *batch.label.shape[1:], generator=draw)


def gradients(method: PeerNetworks, batch: Batch, progress: float) -> list[Tensor | None]:
    """Gradient of each network's own loss in its logits; None for a network that makes no step."""
    losses = method.step(batch, progress) or {}
    assert all(name in {f"network{i}" for i in range(method.count)} for name in losses)
    found: list[Tensor | None] = []
    for i, network in enumerate(method.networks):
        loss = losses.get(f"network{i}")
        found.append(None if loss is None else torch.autograd.grad(loss, network.logits, retain_graph=True)[0])
    return found


def support(gradient: Tensor | None) -> Tensor:
    """bool `[B, *spatial]`: the voxels with a gradient."""
    assert gradient is not None
    return gradient.abs().sum(1) > 0
