"""Tri-network: what each pair selects for the third network, under both readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, Builder

from .peers import gradients, random_logits, support, with_logits, with_losses

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
DONE = 0.9
PAIRS = ((1, 2), (0, 2), (0, 1))
every_rule = pytest.mark.parametrize("rule", ["both-small", "close"])


def random_losses(batch: Batch, count: int = 3) -> list[Tensor]:
    draw = torch.Generator().manual_seed(4)
    return [0.1 + 2 * torch.rand(batch.label.shape, generator=draw) for _ in range(count)]


def lowest(scores: Tensor, valid: Tensor, share: float) -> Tensor:
    """bool: the share of the valid voxels with the smallest scores, by sorting."""
    inside = scores[valid.bool()]
    last = inside.sort().values[round(share * inside.numel()) - 1]
    return (scores <= last) & valid.bool()


def test_a_pair_selects_what_is_easy_for_both(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(3, (2, 3, 4, 5), ignored=0.3)
    logits = [random_logits(batch, seed) for seed in range(3)]
    method = with_logits(make_method("tri-network", 3, ndim=3, tau=0.4), *logits)
    easy = [lowest(cross_entropy(each, batch.label, reduction="none"), batch.valid, 0.6) for each in logits]
    for (i, j), gradient in zip(PAIRS, gradients(method, batch, DONE)):
        assert torch.equal(support(gradient), easy[i] & easy[j])


def test_a_pair_selects_where_its_losses_are_close(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(2, 9, 7), ignored=0.3)
    losses = random_losses(batch)
    method = with_losses(make_method("tri-network", tau=0.4, rule="close"), batch, *losses)
    for (i, j), gradient in zip(PAIRS, gradients(method, batch, DONE)):
        assert torch.equal(support(gradient), lowest((losses[i] - losses[j]).abs(), batch.valid, 0.6))


@every_rule
@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_network_has_no_say_in_its_own_selection(
    rule: str, k: int, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(shape=(2, 9, 7))
    losses = random_losses(batch, 4)
    changed = [*losses[:k], losses[3], *losses[k + 1 : 3]]
    before, after = (
        [
            support(each)
            for each in gradients(with_losses(make_method("tri-network", rule=rule), batch, *three), batch, DONE)
        ]
        for three in (losses[:3], changed)
    )
    assert [torch.equal(a, b) for a, b in zip(before, after)] == [i == k for i in range(3)]


@every_rule
@pytest.mark.parametrize("per_class", [False, True])
def test_without_forgetting_it_is_three_trainings_with_cross_entropy(
    rule: str, per_class: bool, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(3, ignored=0.3)
    method = make_method("tri-network", 3, tau=0.0, rule=rule, per_class=per_class)
    losses = method.step(batch, DONE)
    for i, network in enumerate(method.networks):
        alone = make_method("ce", 3)
        alone.network.load_state_dict(network.state_dict())
        expected = torch.autograd.grad(alone.step(batch, DONE), list(alone.network.parameters()))
        found = torch.autograd.grad(losses[f"network{i}"], list(network.parameters()))
        assert all(torch.equal(a, b) for a, b in zip(expected, found))


def test_a_pair_without_a_common_voxel_leaves_the_third_network_alone(
    make_method: Methods, make_batch: Batches
) -> None:
    batch = make_batch(torch.zeros(1, 2, 4, dtype=torch.int64))
    first = torch.linspace(0.1, 1, 8).view(1, 2, 4)
    losses = first, first + 0.01, first.flip(1, 2)
    found = gradients(with_losses(make_method("tri-network", tau=0.75), batch, *losses), batch, DONE)
    assert [each is None for each in found] == [True, True, False]
    assert support(found[2]).sum() == 2


@every_rule
@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize("progress", [0.0, DONE])
def test_nothing_to_select_is_no_update(
    rule: str, per_class: bool, progress: float, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch()
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    method = make_method("tri-network", rule=rule, per_class=per_class)
    assert method.step(batch, progress) is None


@every_rule
def test_the_share_can_be_taken_of_each_class(rule: str, make_method: Methods, make_batch: Batches) -> None:
    label = torch.zeros(1, 10, 10, dtype=torch.int64)
    label[0, 0] = 1
    batch = make_batch(label)
    one = torch.linspace(2, 0.1, 100).view(1, 10, 10)
    losses = one, one, 2 * one if rule == "close" else one
    for per_class, rare in ((False, 0), (True, 8)):
        method = with_losses(make_method("tri-network", tau=0.2, rule=rule, per_class=per_class), batch, *losses)
        selected = support(gradients(method, batch, DONE)[0])
        assert selected.sum() == 80
        assert selected[label == 1].sum() == rare


def test_trust_is_the_mean_of_the_three_selections(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    method = with_losses(make_method("tri-network"), batch, *random_losses(batch))
    supports = [support(each).float() for each in gradients(method, batch, DONE)]
    logged, trust = method.take_logs()
    assert trust is not None
    torch.testing.assert_close(trust, sum(supports) / torch.tensor(3.0))
    assert logged["kept"] == pytest.approx(float(trust.mean()))


def test_two_equal_initialisations_of_three_are_rejected(make_method: Methods) -> None:
    method = make_method("tri-network")
    same = type(method.networks[0])
    with pytest.raises(ValueError, match="networks 0 and 2 are initialised identically"):
        method.setup(Builder(lambda: same(1, 2, 2), lambda i: i % 2))
