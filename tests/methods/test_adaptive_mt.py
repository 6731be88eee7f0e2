"""Adaptive self-ensembling: Eq. 6 and 7 of Wang et al. (2020), and what they reduce to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from nsbench.benchmark.plugin import Batch
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.testing.trial import build, context_in, train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.methods._loss_history import LossHistory

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
OPEN, EVEN = {"percentile": 100}, {"suppression": 1.0}
"""No threshold; the same lambda everywhere."""
QUIET = {"noise": 0.0, "consistency_ramp": 0.0}


def history(window: int = 5, percentile: float = 50.0, warm_up: int = 1, sees_current: bool = False) -> LossHistory:
    return LossHistory(window, percentile, warm_up, sees_current)


def betas(found: LossHistory, *losses: float) -> list[float]:
    return [float(found.threshold(torch.tensor([loss]))) for loss in losses]


def learn(method: Any, batch: Batch, optimiser: torch.optim.Optimizer, progress: float = 0.5) -> None:
    """One update, as the trainer makes it."""
    optimiser.zero_grad()
    method.step(batch, progress).backward()
    optimiser.step()
    method.after_update(progress)


def adam(method: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(method.network.parameters(), lr=0.05)


def copied(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(module: torch.nn.Module, before: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_beta_is_the_percentile_of_the_losses_before() -> None:
    inf = float("inf")
    assert betas(history(), 4, 2, 6, 1, 3, 9, 5) == [inf, 4, 3, 4, 3, 3, 3]
    assert betas(history(sees_current=True), 4, 2, 6, 1, 3, 9) == [4, 3, 4, 3, 3, 3]
    assert betas(history(warm_up=3), 4, 2, 6, 1) == [inf, inf, inf, 4]
    assert betas(history(window=2, warm_up=9), 4, 2, 6) == [inf, inf, 3]
    assert betas(history(percentile=100), 4, 2, 6) == [inf, inf, inf]


def test_beta_interpolates_and_leaves_out_missing_losses() -> None:
    found = history(percentile=90)
    values, nan = torch.rand(5, 4, generator=torch.Generator().manual_seed(1)), float("nan")
    values[1, 2] = values[3] = nan
    for row in values:
        found.threshold(row)
    kept = values[values.isfinite()].numpy()
    assert float(found.beta()) == pytest.approx(torch.quantile(torch.tensor(kept), 0.9).item())
    empty = history()
    assert betas(empty, nan, nan, 3.0, 1.0) == [float("inf")] * 3 + [3.0]


def test_a_tenth_of_equally_distributed_losses_exceeds_beta() -> None:
    found, draw = LossHistory(100, 90.0, 10, False), torch.Generator().manual_seed(0)
    losses = torch.randn(4000, generator=draw)
    frozen = [float(loss) >= float(found.threshold(loss[None])) for loss in losses]
    assert sum(frozen) / len(frozen) == pytest.approx(0.1, abs=0.015)


def test_history_is_part_of_the_state() -> None:
    found, other = history(), history()
    for row in torch.rand(3, 4):
        found.threshold(row)
    other.load_state_dict(found.state_dict())
    assert torch.equal(found.losses, other.losses) or found.losses.isnan().any()
    assert torch.equal(found.beta(), other.beta())
    assert other.losses.isfinite().sum() == 12


@pytest.mark.parametrize("name", ["adaptive-teacher", "adaptive-mt"])
def test_a_large_loss_freezes_the_teacher_but_not_the_student(
    name: str, make_method: Methods, random_batch: Batches
) -> None:
    method, batch = make_method(name, 3, percentile=90, warm_up=1, window=20), random_batch(3)
    optimiser = adam(method)
    learn(method, batch, optimiser)
    for planted, frozen in ((0.0, True), (10.0, False)):
        method.history.losses.fill_(planted)
        teacher, student = copied(method.teacher), copied(method.network)
        learn(method, batch, optimiser)
        assert same(method.teacher, teacher) is frozen
        assert not same(method.network, student)
        assert float(method.take_logs()[0]["teacher_moved"]) == (not frozen)


def test_a_loss_that_equals_beta_freezes_the_teacher(make_method: Methods) -> None:
    method = make_method("adaptive-teacher", warm_up=1, window=4)
    method.history.losses.fill_(0.25)
    for loss, accepted in ((0.25, False), (0.2499, True), (float("nan"), True)):
        method.history.losses.fill_(0.25)
        method.observe(torch.tensor(loss))
        assert bool(method.accepted) is accepted


def test_frozen_updates_still_count_as_history(make_method: Methods, random_batch: Batches) -> None:
    method, batch = make_method("adaptive-teacher", warm_up=1, window=2, **QUIET), random_batch()
    method.history.losses.fill_(0.0)
    method.step(batch, 0.5)
    expected = method.loss(method.network(batch.image), batch)
    torch.testing.assert_close(method.history.losses[:, 0], torch.stack([torch.tensor(0.0), expected.detach()]))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("adaptive-teacher", OPEN),
        ("adaptive-student", EVEN),
        ("adaptive-student", {**EVEN, "granularity": "image"}),
        ("adaptive-mt", {**OPEN, **EVEN}),
    ],
)
@pytest.mark.parametrize("loss", ["dice", "nr-dice", "ce"])
def test_without_adaptation_it_is_mean_teacher_to_the_bit(
    name: str, params: dict[str, Any], loss: str, registries: Registries, tmp_path: Any
) -> None:
    states, geometry = [], Geometry()
    for each, values in (("mean-teacher", {}), (name, params), ("adaptive-mt", {"warm_up": 1, "window": 2})):
        plugin = registries.methods.get(each)
        method: Any = build(plugin, registries, geometry)
        fresh: Any = plugin.load()(
            plugin.validate({"loss": loss, "late_decay": 0.9, **values}), method.task, geometry.ndim
        )
        fresh.setup(_builder_of(method))
        train(fresh, make_view(geometry), context_in(str(tmp_path / f"{len(states)}"), geometry))
        states.append(fresh.state_dict())
    plain, reduced, adapted = states
    shared = [key for key, value in plain.items() if value.is_floating_point()]
    assert all(torch.equal(plain[key], reduced[key]) for key in plain)
    assert any(not torch.equal(plain[key], adapted[key]) for key in shared)


def _builder_of(method: Any) -> Any:
    """Hands out the very network that a method was built with."""

    class Again:
        def network(self) -> Any:
            return method.network

    return Again()


def better_teacher(method: Any, batch: Batch, better: bool) -> None:
    """Let one network predict the image's sign, which is the label, the other the opposite."""
    for network, sign in ((method.network, -1.0 if better else 1.0), (method.teacher.network, 1.0 if better else -1.0)):
        with torch.no_grad():
            network.layer.weight.copy_(sign * torch.tensor([-1.0, 1.0]).view_as(network.layer.weight))
            network.layer.bias.zero_()


@pytest.mark.parametrize("granularity", ["batch", "image"])
@pytest.mark.parametrize("inequality", ["text", "printed"])
@pytest.mark.parametrize("better", [True, False])
def test_student_heeds_a_better_teacher(
    better: bool, inequality: str, granularity: str, make_method: Methods, make_batch: Batches
) -> None:
    params = {"inequality": inequality, "granularity": granularity, "suppression": 0.25, "consistency": 2.0, **QUIET}
    method, image = make_method("adaptive-student", **params), torch.randn(2, 1, 6, 6)
    batch = make_batch((image[:, 0] > 0).long(), image=image)
    better_teacher(method, batch, better)
    loss = method.step(batch, 0.5)
    logged = method.take_logs()[0]
    weight = 2.0 if better == (inequality == "text") else 0.5
    assert float(logged["guided"]) == (weight == 2.0)
    torch.testing.assert_close(loss, logged["segmentation"] + weight * logged["consistency"])


@pytest.mark.parametrize("shape", [(6, 6), (2, 6, 6)])
def test_each_image_may_have_its_own_lambda(shape: tuple[int, ...], make_method: Methods, make_batch: Batches) -> None:
    params = {"granularity": "image", "suppression": 0.0, "consistency": 2.0, **QUIET}
    method, image = make_method("adaptive-student", 2, len(shape), **params), torch.randn(2, 1, *shape)
    label = (image[:, 0] > 0).long()
    label[1] = 1 - label[1]
    batch = make_batch(label, image=image)
    better_teacher(method, batch, True)
    loss, logged = method.step(batch, 0.5), method.take_logs()[0]
    gap = (method.network(image).softmax(1) - method.teacher(image).softmax(1)).abs().mean(1)
    assert float(logged["guided"]) == 0.5
    torch.testing.assert_close(loss - logged["segmentation"], 2.0 * gap[0].sum() / gap.numel())


def test_no_gradient_goes_through_the_choice_of_lambda(make_method: Methods, random_batch: Batches) -> None:
    method, batch = make_method("adaptive-mt", consistency=5.0, granularity="image"), random_batch()
    method.teacher.requires_grad_(True)
    method.step(batch, 0.9).backward()
    assert all(parameter.grad is None for parameter in method.teacher.parameters())
    assert not method.history.losses.requires_grad


@pytest.mark.parametrize("name", ["adaptive-teacher", "adaptive-student", "adaptive-mt"])
def test_nothing_valid_moves_nothing(name: str, make_method: Methods, random_batch: Batches) -> None:
    method, batch = make_method(name), random_batch()
    learn(method, batch, adam(method))
    batch = random_batch()
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    parts = [(part, copied(part)) for part in (method.network, method.teacher)]
    assert method.step(batch, 0.5) is None
    method.after_update(0.5)
    assert all(same(part, before) for part, before in parts)
