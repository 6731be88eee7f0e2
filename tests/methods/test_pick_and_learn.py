"""Pick-and-learn: weights over the batch that sum to 1, are bounded, and teach the quality module."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from nsbench.benchmark.plugin import Batch
from nsbench.methods._quality import QualityModule

Batches = Callable[..., Batch]
Make = Callable[..., Any]


@pytest.fixture
def make(make_unet_method: Callable[..., Any]) -> Make:
    """`make(ndim, classes, **params)`: pick-and-learn with a U-Net of width 2."""
    return partial(make_unet_method, "pick-and-learn")


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_weights_sum_to_one_and_are_bounded(strength: float, make: Make) -> None:
    method = make(strength=strength)
    scores = torch.tensor([-1e4, -0.3, 0.0, 1e4])
    weights = method.weights(scores, torch.ones(4, 3, 3))
    torch.testing.assert_close(weights, (strength * scores.tanh()).exp() / (strength * scores.tanh()).exp().sum())
    assert weights.sum().item() == pytest.approx(1)
    assert (weights.max() / weights.min()).item() == pytest.approx(math.exp(2 * strength), rel=1e-4)


@pytest.mark.parametrize(("name", "shape"), [("ce", (1, 32, 16)), ("dice", (1, 32, 16, 16))])
def test_a_batch_of_one_is_the_plain_loss(
    name: str, shape: tuple[int, ...], make: Make, make_method: Batches, random_batch: Batches
) -> None:
    method, batch = make(len(shape) - 1, 3, loss=name), random_batch(3, shape, ignored=0.3)
    loss = method.step(batch, 0.0)
    plain = make_method(name, 3, len(shape) - 1).loss(method.network(batch.image), batch)
    torch.testing.assert_close(loss, plain)
    loss.backward()
    assert all(p.grad is None for p in method.quality.parameters()), "no optimiser may move it"


def test_the_dice_loss_of_an_image_is_its_own(make: Make, make_method: Batches, random_batch: Batches) -> None:
    method, batch = make(classes=3, loss="dice"), random_batch(3, (2, 32, 16), ignored=0.2)
    logits = method.network(batch.image)
    losses = method.image_losses(logits, batch)
    assert losses[0] != losses[1]
    for i, each in enumerate(random_batch(3, (2, 32, 16), ignored=0.2) for _ in range(2)):
        each.ignore[1 - i] = True
        torch.testing.assert_close(make_method("dice", 3).loss(logits, each), losses[i])


def test_strength_zero_is_the_mean_over_images(make: Make, make_method: Batches, random_batch: Batches) -> None:
    method, batch = make(strength=0.0), random_batch(2, (3, 32, 16))
    plain = make_method("ce").loss(method.network(batch.image), batch)
    torch.testing.assert_close(method.step(batch, 0.0), plain)


@pytest.mark.parametrize("shape", [(2, 32, 16), (2, 16, 32, 16)])
def test_both_networks_learn_from_the_weighted_loss(shape: tuple[int, ...], make: Make, random_batch: Batches) -> None:
    method, batch = make(len(shape) - 1), random_batch(2, shape)
    loss = method.step(batch, 0.0)
    weights = method.take_logs()[1] / 2
    losses = method.image_losses(method.network(batch.image), batch)
    torch.testing.assert_close(loss, (weights * losses).sum())
    loss.backward()
    for part in (method.network, method.quality):
        assert all(p.grad is not None for p in part.parameters())
        assert any(p.grad.abs().max() > 0 for p in part.parameters())


def test_the_quality_module_learns_to_weigh_a_bad_label_down(make: Make, make_batch: Batches) -> None:
    """Most labels follow the image; one in four contradicts it, and is known by nothing else."""
    draw = torch.Generator().manual_seed(0)
    method = make()
    optimiser = torch.optim.Adam(method.parameters(), lr=1e-2)
    for _ in range(40):
        right = torch.randint(0, 2, (4, 32, 16), generator=draw)
        label = right.clone()
        label[0] = 1 - label[0]
        batch = make_batch(label, image=right[:, None].float() * 2 - 1)
        optimiser.zero_grad()
        method.step(batch, 0.0).backward()
        optimiser.step()
    weights = method.take_logs()[1]
    assert weights[0] < 0.3 * weights[1:].min()


def test_an_image_without_valid_voxels_has_no_weight(make: Make, random_batch: Batches) -> None:
    method, batch = make(), random_batch(2, (3, 32, 16), ignored=0.1)
    batch.ignore[1] = True
    method.step(batch, 0.0)
    weights = method.take_logs()[1]
    assert weights[1] == 0
    assert (weights[[0, 2]] > 0).all()


def test_nothing_valid_teaches_nothing(make: Make, random_batch: Batches) -> None:
    method, batch = make(), random_batch(2, (2, 32, 16), ignored=0.1)
    batch.ignore[:] = True
    loss = method.step(batch, 0.0)
    loss.backward()
    assert loss == 0
    assert all(p.grad is None or (p.grad == 0).all() for p in method.parameters())


def test_ignored_labels_are_not_seen(make: Make, random_batch: Batches) -> None:
    method, batch, other = (make(), *(random_batch(2, (2, 32, 16), ignored=0.4) for _ in "ab"))
    other.label[other.ignore] = 1 - other.label[other.ignore]
    assert not torch.equal(batch.label, other.label)
    assert torch.equal(method.scores(batch), method.scores(other))


def test_the_quality_module_is_vgg_11() -> None:
    module = QualityModule(5, 2, 64)
    shapes = [tuple(p.shape[:2]) for p in module.parameters() if p.ndim == 4]
    pairs = [(5, 64), (64, 128), (128, 256), (256, 256), (256, 512), (512, 512), (512, 512), (512, 512), (512, 1)]
    assert shapes == [(out, into) for into, out in pairs]


@pytest.mark.parametrize(("given", "width"), [({}, 2), ({"quality_width": 5}, 5)])
def test_its_width_is_the_networks_unless_told(given: dict[str, int], width: int, make: Make) -> None:
    first = next(p for p in make(**given).quality.parameters() if p.ndim == 4)
    assert len(first) == width
