"""Networks that are run side by side and stop together at their feature stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..benchmark.plugin import Flow, Network

Exchange = Callable[[str, list[Tensor]], list[Tensor]]


def lockstep(networks: Sequence[Network], image: Tensor, exchange: Exchange) -> list[Tensor]:
    """Logits of networks of one architecture that stop together at every feature stage.

    Parameters
    ----------
    image
        `[B, C, *spatial]`, the same for all.
    exchange
        Gets a stage's name and each network's feature; returns the features to go on with.
    """
    flows = [network.flow(image) for network in networks]
    stops = [_advance(flow, None) for flow in flows]
    while (name := stops[0][0]) is not None:
        features = exchange(name, [feature for _, feature in stops])
        stops = [_advance(flow, feature) for flow, feature in zip(flows, features, strict=True)]
    return [logits for _, logits in stops]


def _advance(flow: Flow, feature: Tensor | None) -> tuple[str | None, Tensor]:
    """The next stop, or None and the logits."""
    try:
        return next(flow) if feature is None else flow.send(feature)
    except StopIteration as end:
        return None, end.value


@torch.no_grad()
def stage_channels(network: Network, in_channels: int) -> dict[str, int]:
    """Channels of every feature stage, seen on a small blank image; the network stays as it was."""
    sides = [2 * network.divisor] * network.ndim
    training = network.training
    network.eval()
    found = network.features(next(network.parameters()).new_zeros(1, in_channels, *sides))
    network.train(training)
    return {name: feature.shape[1] for name, feature in found.items()}
