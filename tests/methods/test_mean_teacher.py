"""Mean teacher: Eq. 4 and 5 of Wang et al. (2020), the teacher, its segmentation losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Batch
from nsbench.methods._teacher import Teacher

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
LOSSES = ["dice", "nr-dice", "ce"]
QUIET = {"noise": 0.0, "consistency_ramp": 0.0}


def apart(method: Any) -> Any:
    """The method with a student that differs from its teacher."""
    with torch.no_grad():
        for parameter in method.network.parameters():
            parameter.mul_(-1.5).add_(0.3)
    return method


def gradients(method: Any, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(method.network.parameters())))


@pytest.mark.parametrize("distance", ["mae", "mse"])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("classes", "ndim"), [(2, 2), (3, 3)])
def test_loss_is_eq_5(
    classes: int, ndim: int, name: str, distance: str, make_method: Methods, random_batch: Batches
) -> None:
    method = apart(make_method("mean-teacher", classes, ndim, loss=name, distance=distance, consistency=0.7, **QUIET))
    alone, batch = make_method(name, classes, ndim), random_batch(classes, (2, *(4,) * ndim), ignored=0.3)
    alone.network.load_state_dict(method.network.state_dict())
    loss = method.step(batch, 0.0)
    gap = method.network(batch.image).softmax(1) - method.teacher.network(batch.image).softmax(1)
    gap = gap.abs() if distance == "mae" else gap.square()
    expected = alone.loss(method.network(batch.image), batch) + 0.7 * gap.movedim(1, -1)[~batch.ignore].mean()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients(method, loss), gradients(method, expected))


@pytest.mark.parametrize("name", LOSSES)
def test_no_consistency_is_the_plain_loss_to_the_bit(name: str, make_method: Methods, random_batch: Batches) -> None:
    method, alone = make_method("mean-teacher", 3, loss=name, consistency=0.0, noise=0.0), make_method(name, 3)
    batch = random_batch(3, ignored=0.2)
    loss, plain = method.step(batch, 0.5), alone.step(batch, 0.5)
    assert torch.equal(loss, plain)
    assert all(map(torch.equal, gradients(method, loss), gradients(alone, plain)))


@pytest.mark.parametrize("params", [{"loss": each} for each in LOSSES] + [{"background": True, "pool": "image"}])
def test_loss_of_an_image_is_that_of_a_batch_of_it(
    params: dict[str, Any], make_method: Methods, random_batch: Batches
) -> None:
    method, batch = make_method("mean-teacher", 3, **params), random_batch(3, (3, 5, 4), ignored=0.3)
    logits = method.network(batch.image)
    for i, found in enumerate(method.image_losses(logits, batch)):
        one = slice(i, i + 1)
        part = Batch(batch.image[one], batch.label[one], batch.ignore[one], *[torch.ones(1)] * 3, 3)
        torch.testing.assert_close(found, method.loss(logits[one], part))


def test_gamma_and_denominator_are_those_of_nr_dice(make_method: Methods, random_batch: Batches) -> None:
    form = {"gamma": 1.2, "denominator": "linear"}
    method, alone = make_method("mean-teacher", loss="nr-dice", **form), make_method("nr-dice", **form)
    batch = random_batch()
    logits = alone.network(batch.image)
    assert torch.equal(method.loss(logits, batch), alone.loss(logits, batch))
    assert not torch.equal(method.loss(logits, batch), make_method("nr-dice").loss(logits, batch))


def test_no_gradient_reaches_the_teacher(make_method: Methods, random_batch: Batches) -> None:
    method, batch = apart(make_method("mean-teacher", consistency=5.0)), random_batch()
    method.teacher.requires_grad_(True)
    method.step(batch, 0.9).backward()
    assert all(parameter.grad is None for parameter in method.teacher.parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in method.network.parameters())


def test_inputs_get_clipped_noise_of_their_own(make_method: Methods, make_batch: Batches) -> None:
    method, seen = make_method("mean-teacher", noise=0.1, noise_limit=0.15), []
    for network in (method.network, method.teacher.network):
        network.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    batch = make_batch(torch.zeros(2, 40, 40, dtype=torch.int64))
    method.step(batch, 0.0)
    mine, theirs = (image - batch.image for image in seen)
    assert not torch.equal(mine, theirs)
    for noise in (mine, theirs):
        assert float(noise.abs().max()) == pytest.approx(0.15, abs=1e-6)
        assert float((noise.abs() < 0.1).float().mean()) == pytest.approx(0.68, abs=0.04)


def test_noise_repeats_with_the_seed_of_torch(make_method: Methods, random_batch: Batches) -> None:
    method, batch = make_method("mean-teacher"), random_batch()
    first, second, again = ((torch.manual_seed(seed), method.step(batch, 0.5))[1] for seed in (1, 2, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("ramp_up", [True, False])
def test_teacher_is_the_moving_average(ramp_up: bool, make_method: Methods, random_batch: Batches) -> None:
    params = {"decay": 0.5, "late_decay": 0.75, "late_from": 0.3, "ramp_up": ramp_up}
    method, batch = make_method("mean-teacher", **params), random_batch()
    weight, expected = method.network.layer.weight, method.network.layer.weight.detach().clone()
    for t in range(1, 9):
        method.step(batch, t / 9)
        weight.data += torch.randn_like(weight)
        method.after_update(t / 9)
        decay = 0.5 if t / 9 < 0.3 else 0.75
        decay = min(1 - 1 / t, decay) if ramp_up else decay
        expected = decay * expected + (1 - decay) * weight.detach()
        torch.testing.assert_close(method.teacher.network.layer.weight, expected)
        if t == 2:
            resumed = make_method("mean-teacher", **params)
            resumed.load_state_dict(method.state_dict())
            method, weight = resumed, resumed.network.layer.weight


def test_consistency_grows_as_the_ramp_says(make_method: Methods) -> None:
    method = make_method("mean-teacher", consistency_ramp=0.4)
    found = [method.ramped(progress) for progress in (0.0, 0.2, 0.4, 0.9)]
    assert found == pytest.approx([math.exp(-5), math.exp(-5 / 4), 1, 1])
    assert make_method("mean-teacher", consistency_ramp=0.0).ramped(0.0) == 1


def test_agreement_counts_as_far_as_the_ramp_has_grown(make_method: Methods, random_batch: Batches) -> None:
    method, batch = apart(make_method("mean-teacher", noise=0.0)), random_batch()
    loss, logged = method.step(batch, 0.1), method.take_logs()[0]
    expected = logged["segmentation"] + 0.1 * math.exp(-5 / 4) * logged["consistency"]
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)


def test_asking_the_teacher_leaves_it_bit_identical() -> None:
    student = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    teacher, image = Teacher(student).train(), torch.randn(3, 1, 4, 4) + 2
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    assert torch.equal(teacher(image), student.train()(image))
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


@pytest.mark.parametrize("accepted", [True, False])
def test_teacher_moves_where_told_or_not_a_bit(accepted: bool) -> None:
    student = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    gated, plain, still = Teacher(student), Teacher(student), Teacher(student)
    student.train()(torch.randn(3, 1, 4, 4))
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(0.1)
    gated.update_where(torch.tensor(accepted), student, 0.9)
    plain.update(student, 0.9)
    expected = (plain if accepted else still).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in gated.state_dict().items())
    assert any(not torch.equal(plain.state_dict()[name], value) for name, value in still.state_dict().items())


def test_nothing_valid_moves_neither_network(make_method: Methods, random_batch: Batches) -> None:
    method, batch = apart(make_method("mean-teacher")), random_batch()
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    assert method.step(batch, 0.5) is None
    method.after_update(0.5)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


def test_ignored_voxels_do_not_count(make_method: Methods, random_batch: Batches) -> None:
    method = apart(make_method("mean-teacher", 3, **QUIET))
    batch, other = random_batch(3, ignored=0.4), random_batch(3, ignored=0.4)
    other.label = torch.where(other.ignore, (other.label + 1) % 3, other.label)
    other.image = torch.where(other.ignore[:, None], 9 - other.image, other.image)
    assert torch.equal(method.step(batch, 0.5), method.step(other, 0.5))


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_prediction_comes_from_the_network_asked_for(who: str, make_method: Methods, random_batch: Batches) -> None:
    method, image = apart(make_method("mean-teacher", predict_with=who)).eval(), random_batch().image
    network = method.network if who == "student" else method.teacher.network
    with torch.no_grad():
        assert torch.equal(method.predict(image), network(image).softmax(1))
        assert not torch.equal(method.network(image), method.teacher(image))


@pytest.mark.parametrize("name", ["mean-teacher", "adaptive-teacher", "adaptive-student", "adaptive-mt"])
def test_each_network_passes_once(name: str, make_method: Methods, random_batch: Batches) -> None:
    method, calls = make_method(name), []
    for network in (method.network, method.teacher.network):
        network.register_forward_hook(lambda *_, who=network: calls.append(who))
    method.step(random_batch(), 0.5)
    assert calls == [method.network, method.teacher.network]
    assert method.passes == pytest.approx(1 + 1 / 3, abs=0.01)
