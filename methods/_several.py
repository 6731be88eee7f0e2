"""Methods that train several networks side by side."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor, nn

from ..benchmark.plugin import Builder


def several_networks(build: Builder, count: int) -> nn.ModuleList:
    """`count` networks of the cell's architecture, each with an initialisation of its own.

    Raises
    ------
    ValueError
        Two of them are initialised alike: they would agree for ever and teach each other nothing.
    """
    networks = nn.ModuleList([build.network() for _ in range(count)])
    reject_identical(networks)
    return networks


def reject_identical(networks: nn.ModuleList) -> None:
    """ValueError when two of the networks have bit-identical parameters."""
    for (i, one), (j, other) in combinations(enumerate(networks), 2):
        if all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters())):
            raise ValueError(f"networks {i} and {j} are initialised identically: give each its own seed")


def mean_probabilities(networks: nn.ModuleList, image: Tensor) -> Tensor:
    """Mean of the networks' class probabilities `[B, num_classes, *spatial]` for images `[B, C, *spatial]`."""
    return torch.stack([network(image).float().softmax(1) for network in networks]).mean(0)
