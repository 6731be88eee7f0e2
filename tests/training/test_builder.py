"""Networks are initialised by the cell's seed, each one by a stream of its own."""

from __future__ import annotations

import torch
from torch import nn

from nsbench.benchmark.plugin import Builder
from nsbench.benchmark.seeds import stream_seed


def weights(seed: int, count: int) -> list[torch.Tensor]:
    build = Builder(lambda: nn.Linear(3, 3), lambda i: stream_seed(seed, "initialisation", i))  # type: ignore[arg-type, return-value]
    return [build.network().weight for _ in range(count)]  # type: ignore[misc]


def test_no_two_networks_of_a_cell_start_alike() -> None:
    first, second, third = weights(0, 3)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_the_same_seed_gives_the_same_networks_whatever_was_drawn_before() -> None:
    before = weights(5, 2)
    torch.rand(7)
    again = weights(5, 3)
    assert all(torch.equal(a, b) for a, b in zip(before, again))
    assert not torch.equal(before[0], weights(6, 1)[0])


def test_building_leaves_the_global_generator_alone() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = torch.rand(2)
        torch.manual_seed(3)
        weights(0, 2)
        assert torch.equal(torch.rand(2), expected)


def test_modules_of_the_methods_own_are_seeded_in_order_of_building() -> None:
    build = Builder(lambda: nn.Linear(3, 3), lambda i: i)  # type: ignore[arg-type, return-value]
    build.network()
    own = build.module(lambda: nn.Linear(3, 3)).weight
    torch.manual_seed(1)
    assert torch.equal(own, nn.Linear(3, 3).weight)
