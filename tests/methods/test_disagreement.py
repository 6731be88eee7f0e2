"""Update by disagreement: who learns where, and what becomes of full agreement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, Builder

from .peers import FixedLogits, gradients, random_logits, support, with_logits

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
WARM, AFTER = 0.19, 0.2


def one_apart(batch: Batch, count: int) -> tuple[Tensor, Tensor]:
    """Logits that predict different classes on the first `count` voxels of the batch, and alike elsewhere."""
    one = random_logits(batch, 1)
    differ = (torch.arange(batch.label.numel()) < count).view(batch.label.shape).unsqueeze(1)
    return one, torch.where(differ, one.flip(1), one + 1)


@pytest.mark.parametrize(("classes", "shape"), [(2, (2, 5, 4)), (4, (2, 3, 4, 5))])
def test_voxels_on_which_both_agree_have_no_gradient(
    classes: int, shape: tuple[int, ...], make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(classes, shape, ignored=0.2)
    logits = [random_logits(batch, seed) for seed in (1, 2)]
    method = with_logits(make_method("disagreement", classes, ndim=len(shape) - 1), *logits)
    differ = (logits[0].argmax(1) != logits[1].argmax(1)) & batch.valid.bool()
    assert 0 < differ.sum() < batch.valid.sum()
    for gradient in gradients(method, batch, AFTER):
        assert torch.equal(support(gradient), differ)


def test_during_warm_up_it_is_two_trainings_with_cross_entropy(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(3, ignored=0.2)
    pair = make_method("disagreement", 3)
    losses = pair.step(batch, WARM)
    for i, network in enumerate(pair.networks):
        alone = make_method("ce", 3)
        alone.network.load_state_dict(network.state_dict())
        expected = torch.autograd.grad(alone.step(batch, WARM), list(alone.network.parameters()))
        found = torch.autograd.grad(losses[f"network{i}"], list(network.parameters()))
        assert all(torch.equal(a, b) for a, b in zip(expected, found))


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_full_agreement_is_no_update(floor: float, make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    method = with_logits(make_method("disagreement", floor=floor), *one_apart(batch, 0))
    assert method.step(batch, AFTER) is None
    logged, trust = method.take_logs()
    assert trust is not None
    assert trust.sum() == logged["disagreement"] == logged["kept"] == 0
    assert method.step(batch, WARM) is not None


@pytest.mark.parametrize(("floor", "differing", "divisor"), [(0.1, 1, 4), (0.1, 4, 4), (0.1, 6, 6), (0.0, 1, 1)])
def test_few_voxels_count_less_than_a_batch(
    floor: float, differing: int, divisor: int, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(shape=(2, 5, 4))
    logits = one_apart(batch, differing)
    losses = with_logits(make_method("disagreement", floor=floor), *logits).step(batch, AFTER)
    assert losses is not None
    for i, each in enumerate(logits):
        total = cross_entropy(each, batch.label, reduction="none").flatten()[:differing].sum()
        torch.testing.assert_close(losses[f"network{i}"], total / divisor)


def test_the_floor_counts_valid_voxels(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(2, 5, 4))
    batch.ignore = (torch.arange(40) >= 20).view(2, 5, 4)
    logits = one_apart(batch, 1)
    losses = with_logits(make_method("disagreement"), *logits).step(batch, AFTER)
    assert losses is not None
    first = cross_entropy(logits[0], batch.label, reduction="none").flatten()[0]
    torch.testing.assert_close(losses["network0"], first / 2)


@pytest.mark.parametrize("progress", [WARM, AFTER])
def test_nothing_to_look_at_is_no_update(progress: float, make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    assert make_method("disagreement").step(batch, progress) is None


def test_trust_is_where_they_disagree(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    method = with_logits(make_method("disagreement"), *one_apart(batch, 7))
    method.step(batch, AFTER)
    logged, trust = method.take_logs()
    assert trust is not None
    assert torch.equal(trust.flatten(), (torch.arange(40) < 7).float())
    assert logged["disagreement"] == pytest.approx(7 / 40)


def test_the_prediction_is_the_mean_of_both(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    logits = one_apart(batch, 7)
    found = with_logits(make_method("disagreement"), *logits).predict(batch.image)
    torch.testing.assert_close(found, (logits[0].softmax(1) + logits[1].softmax(1)) / 2)


def test_equal_initialisations_are_rejected(make_method: Methods) -> None:
    logits = torch.zeros(1, 2, 3, 3)
    with pytest.raises(ValueError, match="initialised identically"):
        make_method("disagreement").setup(Builder(lambda: FixedLogits(logits), lambda i: i))  # type: ignore[arg-type,return-value]
