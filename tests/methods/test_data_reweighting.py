"""Data re-weighting: which images are left out, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nsbench.benchmark.plugin import Batch
from nsbench.methods.data_reweighting import images_of

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
LOSSES = ["dice", "nr-dice", "ce"]


@pytest.fixture
def mixed(make_batch: Batches) -> Batch:
    """Two images whose label is their sign, one whose label is the opposite, one without foreground."""
    image = torch.randn(4, 1, 6, 6, generator=torch.Generator().manual_seed(5))
    label = (image[:, 0] > 0).long()
    label[2] = 1 - label[2]
    label[3] = 0
    return make_batch(label, image=image)


def predicting_the_sign(method: Any) -> Any:
    with torch.no_grad():
        method.network.layer.weight.copy_(torch.tensor([-3.0, 3.0]).view(2, 1, 1, 1))
        method.network.layer.bias.zero_()
    return method


def with_history(method: Any, beta: float) -> Any:
    """The method after updates whose losses were all `beta`, in the form of `mixed`."""
    per_update = 4 if method.params.granularity == "image" else 1
    method.history.losses = torch.full((len(method.history.losses), per_update), beta)
    return method


@pytest.mark.parametrize("loss", LOSSES)
def test_images_with_a_large_loss_are_left_out(loss: str, make_method: Methods, mixed: Batch) -> None:
    method = predicting_the_sign(make_method("data-reweighting", loss=loss))
    losses = method.image_losses(method.network(mixed.image), mixed).detach()
    with_history(method, float(losses[:2].max()))
    found = method.step(mixed, 0.5)
    trust = method.take_logs()[1]
    assert trust.tolist() == [1, 1, 0, 1]
    left = images_of(mixed, torch.tensor([0, 1, 3]))
    alone = predicting_the_sign(make_method(loss))
    assert torch.equal(found, alone.step(left, 0.5))


def test_left_out_images_have_no_gradient(make_method: Methods, mixed: Batch) -> None:
    method = with_history(predicting_the_sign(make_method("data-reweighting")), 0.9 * 0.9)
    mixed.image.requires_grad_(True)
    method.step(mixed, 0.5).backward()
    assert [bool(image.any()) for image in mixed.image.grad] == [True, True, False, True]


def test_an_image_without_foreground_is_judged_only_if_asked(make_method: Methods, mixed: Batch) -> None:
    for spare, kept in ((True, [1, 1, 0, 1]), (False, [1, 1, 0, 0])):
        method = with_history(predicting_the_sign(make_method("data-reweighting", spare_empty=spare)), 0.8)
        method.step(mixed, 0.5)
        assert method.take_logs()[1].tolist() == kept
        assert method.history.losses[-1].isfinite().tolist() == [True, True, True, not spare]


@pytest.mark.parametrize("granularity", ["image", "batch"])
def test_a_dropped_step_changes_no_weight(granularity: str, make_method: Methods, random_batch: Batches) -> None:
    method = make_method("data-reweighting", granularity=granularity, warm_up=1, window=3)
    batch, optimiser = random_batch(), torch.optim.Adam(method.parameters(), weight_decay=0.1)
    method.step(batch, 0.0).backward()
    optimiser.step()
    method.history.losses.zero_()
    before = {name: value.clone() for name, value in method.network.state_dict().items()}
    assert method.step(batch, 0.1) is None
    assert method.take_logs()[1].tolist() == [0, 0]
    assert all(torch.equal(value, before[name]) for name, value in method.network.state_dict().items())
    assert (method.history.losses[-1] > 0).all()


def test_batch_granularity_compares_the_loss_of_the_batch(make_method: Methods, mixed: Batch) -> None:
    method = predicting_the_sign(make_method("data-reweighting", granularity="batch"))
    loss = method.loss(method.network(mixed.image), mixed).detach()
    assert torch.equal(with_history(method, float(loss)).step(mixed, 0.5), loss)
    assert method.take_logs()[1].tolist() == [1, 1, 1, 1]
    assert with_history(method, float(loss) - 1e-4).step(mixed, 0.5) is None


@pytest.mark.parametrize("params", [{"percentile": 100}, {"warm_up": 50, "window": 100}])
@pytest.mark.parametrize("loss", LOSSES)
def test_no_threshold_is_the_plain_loss_to_the_bit(
    params: dict[str, Any], loss: str, make_method: Methods, random_batch: Batches
) -> None:
    method, alone = make_method("data-reweighting", 3, loss=loss, **params), make_method(loss, 3)
    for seed in range(20):
        batch = random_batch(3, seed=seed, ignored=0.2)
        assert torch.equal(method.step(batch, 0.5), alone.step(batch, 0.5))


def test_ignored_voxels_and_images_do_not_count(make_method: Methods, mixed: Batch) -> None:
    mixed.ignore = torch.zeros_like(mixed.label, dtype=torch.bool)
    mixed.ignore[1] = True
    method = with_history(predicting_the_sign(make_method("data-reweighting")), 0.8)
    loss = method.step(mixed, 0.5)
    assert method.take_logs()[1].tolist() == [1, 0, 0, 1]
    assert method.history.losses[-1].isfinite().tolist() == [True, False, True, False]
    assert torch.equal(loss, method.loss(method.network(mixed.image[[0, 3]]), images_of(mixed, torch.tensor([0, 3]))))
    mixed.ignore = torch.ones_like(mixed.ignore)
    assert method.step(images_of(mixed, torch.arange(4)), 0.5) is None


def test_a_loss_that_is_no_number_is_not_hidden(make_method: Methods, mixed: Batch) -> None:
    method = with_history(make_method("data-reweighting", spare_empty=False), 0.8)
    with torch.no_grad():
        method.network.layer.bias.fill_(float("nan"))
    assert method.step(mixed, 0.5).isnan()


def test_a_tenth_of_the_images_is_left_out(make_method: Methods, random_batch: Batches) -> None:
    method, kept = make_method("data-reweighting", loss="ce"), []
    for seed in range(300):
        method.step(random_batch(shape=(4, 5, 4), seed=seed), 0.5)
        kept += method.take_logs()[1].tolist()
    assert sum(kept[400:]) / len(kept[400:]) == pytest.approx(0.9, abs=0.03)
