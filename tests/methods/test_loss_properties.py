"""What every loss of the family must withstand: extreme logits, empty masks, ignored voxels, low precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nsbench.benchmark.plugin import Batch, LossMethod

Batches = Callable[..., Batch]
Methods = Callable[..., LossMethod]

FAMILY: list[tuple[str, dict[str, Any]]] = [
    ("ce", {}),
    ("focal-ce", {}),
    ("focal-ce", {"gamma": 0.5}),
    ("mae", {}),
    ("gce", {}),
    ("gce", {"q": 1e-3}),
    ("dice", {}),
    ("dice", {"pool": "image"}),
    ("sorensen-dice", {}),
    ("focal-dice", {}),
    ("focal-dice", {"beta": 2.0}),
    ("ce-dice", {}),
    ("mae-dice", {}),
    ("nr-dice", {}),
    ("nr-dice", {"gamma": 1.0, "pool": "image"}),
    ("nr-dice", {"denominator": "linear", "background": True}),
]
every_loss = pytest.mark.parametrize(("name", "params"), FAMILY)


def value_and_gradient(method: LossMethod, logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    logits = logits.detach().clone().requires_grad_()
    loss = method.loss(logits, batch)
    (gradient,) = torch.autograd.grad(loss, logits)
    return loss.detach(), gradient


def random_logits(batch: Batch, seed: int = 5, dtype: torch.dtype = torch.float32) -> Tensor:
    shape = (len(batch.label), batch.num_classes, *batch.label.shape[1:])
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@every_loss
@pytest.mark.parametrize("classes", [2, 3])
def test_gradients_are_right(
    name: str, params: dict[str, Any], classes: int, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(classes, (2, 3, 2), ignored=0.2)
    method = make_method(name, classes, **params)
    logits = random_logits(batch, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: method.loss(x, batch), (logits,), atol=1e-6)


@every_loss
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("label", ["mixed", "empty", "full"])
def test_finite_for_extreme_logits_and_empty_masks(
    name: str, params: dict[str, Any], scale: float, label: str, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(2, (2, 16, 16))
    batch.label = {"mixed": batch.label, "empty": 0 * batch.label, "full": 0 * batch.label + 1}[label]
    method = make_method(name, **params)
    for logits in (
        scale * random_logits(batch).sign(),
        scale * (2 * batch.one_hot - 1),
        scale * (1 - 2 * batch.one_hot),
    ):
        loss, gradient = value_and_gradient(method, logits, batch)
        assert loss.isfinite()
        assert gradient.isfinite().all()


@every_loss
def test_nothing_valid_is_zero_without_gradient(
    name: str, params: dict[str, Any], make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(3)
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    loss, gradient = value_and_gradient(make_method(name, 3, **params), random_logits(batch), batch)
    assert loss == 0
    assert (gradient == 0).all()


@every_loss
def test_ignored_voxels_change_nothing(
    name: str, params: dict[str, Any], make_method: Methods, random_batch: Batches
) -> None:
    method = make_method(name, 3, **params)
    batch, other = random_batch(3, ignored=0.4), random_batch(3, ignored=0.4)
    logits = random_logits(batch)
    assert batch.ignore is not None
    assert other.ignore is not None
    other.label = torch.where(other.ignore, (other.label + 1) % 3, other.label)
    elsewhere = torch.where(other.ignore.unsqueeze(1), 7 * random_logits(batch, seed=6), logits)
    loss, gradient = value_and_gradient(method, logits, batch)
    loss_other, gradient_other = value_and_gradient(method, elsewhere, other)
    assert loss == loss_other
    assert torch.equal(gradient, gradient_other)
    assert (gradient.movedim(1, -1)[batch.ignore] == 0).all()
    assert (gradient.movedim(1, -1)[~batch.ignore] != 0).any()


@every_loss
def test_perfect_prediction_costs_nothing_and_a_wrong_one_does(
    name: str, params: dict[str, Any], make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(3)
    method = make_method(name, 3, **params)
    assert method.loss(50 * batch.one_hot, batch).item() == pytest.approx(0, abs=1e-5)
    assert method.loss(-50 * batch.one_hot, batch).item() > 0.5


@every_loss
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_step_under_autocast(
    name: str,
    params: dict[str, Any],
    ndim: int,
    precision: torch.dtype,
    make_method: Methods,
    random_batch: Batches,
) -> None:
    method = make_method(name, 3, ndim, **params)
    batch = random_batch(3, (2, *(4,) * ndim), ignored=0.2)
    with torch.autocast("cpu", precision):
        loss = method.step(batch, 0.0)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(method.step(batch, 0.0).item(), rel=0.03)
    assert all(g.isfinite().all() for g in torch.autograd.grad(loss, list(method.parameters())))
    torch.testing.assert_close(method.predict(batch.image).sum(1), torch.ones(batch.label.shape))


@every_loss
def test_gradient_descent_finds_the_label(
    name: str, params: dict[str, Any], make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(3)
    method = make_method(name, 3, **params)
    logits = torch.zeros(2, 3, 5, 4, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(60):
        logits.grad = torch.autograd.grad(method.loss(logits, batch), logits)[0]
        optimiser.step()
    assert torch.equal(logits.argmax(1), batch.label)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), index=st.integers(0, len(FAMILY) - 1))
def test_order_of_voxels_does_not_matter(
    seed: int, index: int, make_method: Methods, make_batch: Batches, random_batch: Batches
) -> None:
    name, params = FAMILY[index]
    batch = random_batch(3, (2, 12), seed, ignored=0.2)
    logits = random_logits(batch, seed)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(seed))
    assert batch.ignore is not None
    shuffled = make_batch(batch.label[:, order], batch.ignore[:, order], 3)
    method = make_method(name, 3, **params)
    torch.testing.assert_close(method.loss(logits, batch), method.loss(logits[..., order], shuffled))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    name=st.sampled_from(["mae", "dice", "sorensen-dice", "focal-dice"]),
    scale=st.floats(0, 100),
)
def test_bounds(seed: int, name: str, scale: float, make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(3, seed=seed, ignored=0.2)
    assert -1e-6 <= make_method(name, 3).loss(scale * random_logits(batch, seed), batch).item() <= 1 + 1e-6


@pytest.mark.parametrize(
    ("name", "params", "field"),
    [("gce", {"q": 0.0}, "q"), ("nr-dice", {"gamma": 2.5}, "gamma"), ("dice", {"pool": "case"}, "pool")],
)
def test_values_outside_the_legal_range_are_refused(
    name: str, params: dict[str, Any], field: str, make_method: Methods
) -> None:
    from nsbench.benchmark.errors import UserError

    with pytest.raises(UserError, match=f"parameter '{field}'"):
        make_method(name, **params)
