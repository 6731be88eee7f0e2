"""Reweighting: weights are what the virtual step's second derivative says, and only they are learned from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, Task, TrainingCase, TrainingView, UserError
from nsbench.benchmark.registry import Registries

Batches = Callable[..., Batch]
Make = Callable[..., Any]


@pytest.fixture
def make(make_unet_method: Callable[..., Any]) -> Make:
    """`make(ndim, classes, **params)`: reweighting of a U-Net of width 2."""
    return partial(make_unet_method, "reweighting")


def two_batches(
    random_batch: Batches, shape: tuple[int, ...], classes: int = 2, ignored: float = 0.0
) -> dict[str, Any]:
    return {name: random_batch(classes, shape, seed=i, ignored=ignored) for i, name in enumerate(("noisy", "clean"))}


def weights_of_the_virtual_step(method: Any, noisy: Batch, clean: Batch, rate: float = 0.1) -> Tensor:
    """Ren et al., Algorithm 1, word for word: one step along eps, the clean loss after it, its slope in eps."""
    parameters, buffers = dict(method.network.named_parameters()), dict(method.network.named_buffers())

    def losses(weights: dict[str, Tensor], batch: Batch) -> Tensor:
        state = weights | {name: buffer.clone() for name, buffer in buffers.items()}
        return cross_entropy(functional_call(method.network, state, (batch.image,)), batch.label, reduction="none")

    eps = torch.zeros(noisy.label.shape, requires_grad=True)
    slopes = torch.autograd.grad((eps * losses(parameters, noisy)).sum(), list(parameters.values()), create_graph=True)
    moved = {name: p - rate * slope for (name, p), slope in zip(parameters.items(), slopes)}
    after = (losses(moved, clean) * clean.valid).sum() / clean.valid.sum()
    (slope,) = torch.autograd.grad(after, eps)
    weights = (-slope).clamp(min=0) * noisy.valid
    return weights / weights.sum()


@pytest.mark.parametrize(("shape", "classes"), [((2, 32, 16), 2), ((1, 32, 16, 16), 3)])
def test_weights_are_those_of_a_virtual_step(
    shape: tuple[int, ...], classes: int, make: Make, random_batch: Batches
) -> None:
    method = make(len(shape) - 1, classes)
    batches = two_batches(random_batch, shape, classes, ignored=0.2)
    expected = weights_of_the_virtual_step(method, **batches)
    loss = method.reweigh(batches, 0.0)
    weights = method.take_logs()[1] / batches["noisy"].valid.sum()
    torch.testing.assert_close(weights, expected, rtol=1e-3, atol=1e-7)
    assert weights.sum().item() == pytest.approx(1, abs=1e-4)
    assert (weights[batches["noisy"].ignore] == 0).all()
    losses = cross_entropy(method.network(batches["noisy"].image), batches["noisy"].label, reduction="none")
    assert loss.item() == pytest.approx((losses * expected).sum().item(), rel=1e-3)


def test_voxels_that_oppose_the_clean_gradient_get_nothing(make: Make, make_batch: Batches) -> None:
    """The noisy batch is the clean one with one half relabeled: that half pulls the other way."""
    method = make()
    clean = make_batch(torch.zeros(2, 32, 16, dtype=torch.int64))
    label = clean.label.clone()
    label[:, :16] = 1
    loss = method.reweigh({"noisy": replace(clean, label=label), "clean": clean}, 0.0)
    logs, trust = method.take_logs()
    assert (trust[:, :16] == 0).float().mean() > 0.9
    assert (trust[:, 16:] > 0).float().mean() > 0.9
    assert loss is not None
    assert 0 < logs["kept"] < 1


def test_a_batch_that_opposes_altogether_moves_nothing(make_batch: Batches) -> None:
    """One voxel-wise layer, constant image, opposite labels: every inner product is negative."""
    plugin = Registries().methods.get("reweighting")
    method = plugin.load()(plugin.validate({}), Task("task", ("a",), ndim=2), 2)
    method.network = torch.nn.Conv2d(1, 2, 1)
    image = torch.ones(1, 1, 4, 4)
    zeros = torch.zeros(1, 4, 4, dtype=torch.int64)
    batches = {"noisy": make_batch(zeros + 1, image=image), "clean": make_batch(zeros, image=image)}
    assert method.reweigh(batches, 0.0) is None
    assert (method.take_logs()[1] == 0).all()


def test_only_the_pass_learned_from_moves_running_statistics(make: Make, random_batch: Batches) -> None:
    method, plain = make(), make()
    batches = two_batches(random_batch, (2, 32, 16))
    method.reweigh(batches, 0.0)
    plain.network(batches["noisy"].image)
    for (name, found), expected in zip(method.network.named_buffers(), plain.network.buffers()):
        assert torch.equal(found, expected), name
    assert all(p.grad is None for p in method.network.parameters())


def test_gradients_reach_the_network_only_through_the_losses(make: Make, random_batch: Batches) -> None:
    method = make()
    batches = two_batches(random_batch, (2, 32, 16))
    loss = method.reweigh(batches, 0.0)
    weights = method.take_logs()[1] / batches["noisy"].valid.sum()
    losses = cross_entropy(method.network(batches["noisy"].image), batches["noisy"].label, reduction="none")
    parameters = list(method.network.parameters())
    found, expected = torch.autograd.grad(loss, parameters), torch.autograd.grad((losses * weights).sum(), parameters)
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b)


def cases(trusted: int, count: int = 6) -> TrainingView:
    array = np.zeros((1, 2, 2), np.float32)
    label = np.zeros((2, 2), np.uint8)
    return TrainingView(
        tuple(TrainingCase(f"c{i}", array, label, None, (1.0, 1.0), trusted=i >= count - trusted) for i in range(count))
    )


@pytest.mark.parametrize(("trusted", "reuse", "noisy", "clean"), [
    (4, True, 6, ("c2", "c3", "c4")),
    (4, False, 3, ("c2", "c3", "c4")),
    (2, False, 4, ("c4", "c5")),
    (6, True, 6, ("c0", "c1", "c2")),
])  # fmt: skip
def test_the_first_k_known_cases_guide(trusted: int, reuse: bool, noisy: int, clean: Any, make: Make) -> None:
    (stage,) = make(clean_cases=3, reuse_clean=reuse).stages(cases(trusted))
    assert list(stage.on) == ["noisy", "clean"], "the weights are audited against the first view"
    assert stage.on["clean"].ids == clean
    assert len(stage.on["noisy"]) == noisy


def test_without_a_known_case_it_says_so(make: Make) -> None:
    with pytest.raises(UserError, match="known to be clean"):
        make().stages(cases(0))
