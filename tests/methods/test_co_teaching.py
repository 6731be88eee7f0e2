"""Co-teaching: who learns from what, how much of it, and what becomes of it in the limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, Builder, TrainingView
from nsbench.methods._selection import forget_rate, smallest

from .peers import gradients, random_logits, support, with_logits, with_losses

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
DONE = 0.9


def selected_for_the_second(
    make_method: Methods, batch: Batch, loss: Tensor, progress: float = DONE, **params: Any
) -> Tensor:
    """The voxels that the second network learns from when the first one has this loss."""
    method = with_losses(make_method("co-teaching", ndim=loss.ndim - 1, **params), batch, loss, torch.rand_like(loss))
    return support(gradients(method, batch, progress)[1])


def rising(batch: Batch) -> Tensor:
    """Losses that rise from voxel to voxel."""
    return torch.linspace(0.1, 2, batch.label.numel()).view(batch.label.shape)


def test_each_network_learns_from_the_small_losses_of_the_other(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(3, (2, 5, 4), ignored=0.3)
    logits = [random_logits(batch, seed) for seed in (1, 2)]
    method = with_logits(make_method("co-teaching", 3, tau=0.4), *logits)
    supports = [support(each) for each in gradients(method, batch, DONE)]
    for one, other in ((0, 1), (1, 0)):
        loss = cross_entropy(logits[other], batch.label, reduction="none")[batch.valid.bool()]
        kept = round(0.6 * loss.numel())
        expected = torch.zeros_like(batch.label, dtype=torch.bool)
        expected[batch.valid.bool()] = loss <= loss.sort().values[kept - 1]
        assert torch.equal(supports[one], expected)
    assert not torch.equal(*supports)


def test_the_loss_is_the_mean_over_what_was_selected(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    mine, other = rising(batch).flip(0), rising(batch)
    method = with_losses(make_method("co-teaching", tau=0.5), batch, mine, other)
    losses = method.step(batch, DONE)
    assert losses is not None
    torch.testing.assert_close(losses["network0"], mine.flatten()[:20].mean())


@pytest.mark.parametrize("granularity", ["pixel", "pixel-per-class", "slice", "image"])
def test_without_forgetting_it_is_two_trainings_with_cross_entropy(
    granularity: str, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(3, (4, 5, 4), ignored=0.3)
    pair = make_method("co-teaching", 3, tau=0.0, granularity=granularity)
    losses = pair.step(batch, DONE)
    for i, network in enumerate(pair.networks):
        alone = make_method("ce", 3)
        alone.network.load_state_dict(network.state_dict())
        expected = torch.autograd.grad(alone.step(batch, DONE), list(alone.network.parameters()))
        found = torch.autograd.grad(losses[f"network{i}"], list(network.parameters()))
        assert all(torch.equal(a, b) for a, b in zip(expected, found))


@pytest.mark.parametrize(("progress", "kept"), [(0.0, 1.0), (0.1, 1.0), (0.2, 0.9), (0.3, 0.8), (0.99, 0.8)])
def test_the_ramp_ends_at_tau(progress: float, kept: float, make_method: Methods) -> None:
    method = make_method("co-teaching", tau=0.2, start=0.1, ramp=0.2)
    assert method.keep(progress) == pytest.approx(kept)


def test_the_exponent_bends_the_ramp_and_not_its_end() -> None:
    assert forget_rate(0.1, 0.4, 0.0, 0.2, 2.0) == pytest.approx(0.1)
    assert forget_rate(0.2, 0.4, 0.0, 0.2, 2.0) == pytest.approx(0.4)


def test_a_slice_counts_as_a_whole(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(2, 3, 2, 5), ignored=0.2)
    loss = 0.5 + 0.1 * torch.rand(batch.label.shape, generator=torch.Generator().manual_seed(0))
    loss[0, :, :, 3], loss[1, :, :, 0] = 2.0, 3.0
    found = selected_for_the_second(make_method, batch, loss, tau=0.2, granularity="slice", slice_axis=2)
    expected = batch.valid.bool()
    expected[0, :, :, 3] = expected[1, :, :, 0] = False
    assert torch.equal(found, expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_run_along_the_axis_asked_for(axis: int, make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(1, 2, 4, 8))
    loss = torch.ones(batch.label.shape)
    loss.select(axis + 1, 1).fill_(2.0)
    tau = 1 / loss.shape[axis + 1]
    found = selected_for_the_second(make_method, batch, loss, tau=tau, granularity="slice", slice_axis=axis)
    assert torch.equal(found, loss == 1)


def test_an_image_counts_as_a_whole(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(4, 3, 2))
    loss = torch.rand(batch.label.shape, generator=torch.Generator().manual_seed(0)) + 0.1
    loss[2] += 1
    found = selected_for_the_second(make_method, batch, loss, tau=0.25, granularity="image")
    assert torch.equal(found, (torch.arange(4) != 2).view(4, 1, 1).expand(4, 3, 2))


def test_in_two_dimensions_a_slice_is_an_image(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(4, 3, 6))
    loss = torch.rand(batch.label.shape, generator=torch.Generator().manual_seed(0)) + 0.1
    found = [
        selected_for_the_second(make_method, batch, loss, tau=0.5, granularity=each, slice_axis=1)
        for each in ("slice", "image")
    ]
    assert torch.equal(*found)
    assert found[0].float().mean() == 0.5


@pytest.mark.parametrize(("alone", "easier"), [(2.0, 0), (0.5, 1)])
def test_ignored_voxels_do_not_count_for_an_image(
    alone: float, easier: int, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(shape=(2, 2, 4))
    loss = torch.ones(batch.label.shape)
    loss[1, 0, 0] = alone
    batch.ignore = torch.zeros_like(batch.label, dtype=torch.bool)
    batch.ignore[1] = True
    batch.ignore[1, 0, 0] = False
    expected = ~batch.ignore
    expected[1 - easier] = False
    found = selected_for_the_second(make_method, batch, loss, tau=0.5, granularity="image")
    assert torch.equal(found, expected)


def test_an_ignored_image_is_no_candidate(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(shape=(4, 2, 3))
    batch.ignore = (torch.arange(4) == 3).view(4, 1, 1).expand(4, 2, 3)
    found = selected_for_the_second(make_method, batch, rising(batch), tau=0.5, granularity="image")
    assert found.flatten(1).all(1).tolist() == [True, True, False, False]


def test_a_rare_class_keeps_its_share(make_method: Methods, make_batch: Batches) -> None:
    label = torch.zeros(1, 10, 10, dtype=torch.int64)
    label[0, 0] = 1
    batch = make_batch(label)
    loss = rising(batch).flip(1) + 0.01
    blind, fair = (
        selected_for_the_second(make_method, batch, loss, tau=0.2, granularity=each)
        for each in ("pixel", "pixel-per-class")
    )
    assert blind[label == 1].sum() == 0
    assert fair[label == 1].sum() == 8
    assert fair.sum() == blind.sum() == 80


@pytest.mark.parametrize("granularity", ["pixel", "pixel-per-class", "slice", "image"])
@pytest.mark.parametrize("progress", [0.0, DONE])
def test_nothing_to_select_is_no_update(
    granularity: str, progress: float, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch()
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    method = make_method("co-teaching", granularity=granularity)
    assert method.step(batch, progress) is None
    logged, trust = method.take_logs()
    assert trust is not None
    assert trust.sum() == 0
    assert logged["kept"] == 0


def test_trust_is_the_mean_of_both_selections(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    method = with_logits(make_method("co-teaching", tau=0.5), *(random_logits(batch, seed) for seed in (1, 2)))
    first, second = (support(each) for each in gradients(method, batch, DONE))
    logged, trust = method.take_logs()
    assert trust is not None
    assert torch.equal(trust, (first.float() + second.float()) / 2)
    assert logged["kept"] == pytest.approx(0.5)


def test_equal_initialisations_are_rejected(make_method: Methods) -> None:
    method = make_method("co-teaching")
    same = method.networks[0]
    with pytest.raises(ValueError, match="initialised identically"):
        method.setup(Builder(lambda: type(same)(1, 2, 2), lambda i: 7))


def test_each_network_has_an_optimiser_of_its_own(make_method: Methods) -> None:
    method = make_method("co-teaching")
    (stage,) = method.stages(TrainingView(()))
    driven = [
        {id(p) for name in each.modules for p in method.get_submodule(name).parameters()} for each in stage.optimisers
    ]
    assert driven == [{id(p) for p in network.parameters()} for network in method.networks]


@pytest.mark.parametrize(("share", "count"), [(1.0, 7), (0.5, 4), (0.3, 2), (0.01, 1)])
def test_the_number_selected_is_exact_even_among_equals(share: float, count: int) -> None:
    candidates = torch.tensor([1.0, 0, 1, 1, 1, 1, 1, 1])
    selected = smallest(torch.zeros(8), candidates, share)
    assert selected.sum() == count
    assert selected[1] == 0
