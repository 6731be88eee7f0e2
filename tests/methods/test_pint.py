"""Pixel-wise and image-wise noise tolerant learning: weights, limits, teacher, phases."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from nsbench.benchmark.plugin import Batch, Train, TrainingView
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.testing.trial import build, context_in, train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training import checkpoint
from nsbench.methods._uncertainty import entropy, noisy_predictions

Batches = Callable[..., Batch]
Methods = Callable[..., Any]
Step = Callable[[Any, Batch], Tensor]
QUIET = {"noise": 0.0, "copies": 1}
"""A teacher that sees the image itself."""


def pixel_step(method: Any, batch: Batch) -> Tensor:
    loss: Tensor = method.pixel_step(batch, 0.0)
    return loss


def image_step(method: Any, batch: Batch) -> Tensor:
    loss: Tensor = method.image_step(batch, 0.0)
    return loss


both_phases = pytest.mark.parametrize(("name", "step"), [("pnt", pixel_step), ("int", image_step)])


def gradients(method: Any, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(method.student.parameters())))


def make_sure(method: Any) -> None:
    """Let the teacher put all probability on one class everywhere."""
    for parameter in method.teacher.parameters():
        parameter.zero_()
    method.teacher.network.layer.bias[0] = 1e4


def doubt(method: Any, batch: Batch) -> Tensor:
    """Uncertainty of the teacher about the image itself, by definition (Eq. 1)."""
    p = method.teacher(batch.image).double().softmax(1)
    found: Tensor = -(p * p.log()).sum(1)
    return found


def voxel_losses(method: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """Cross entropy and squared error, by definition (Eq. 2)."""
    f, p = method.student(batch.image).double().softmax(1), method.teacher(batch.image).double().softmax(1)
    return -f.gather(1, batch.label[:, None])[:, 0].log(), ((f - p) ** 2).sum(1)


def apart(method: Any) -> Any:
    """The method with a student that differs from its teacher."""
    with torch.no_grad():
        for parameter in method.student.parameters():
            parameter.mul_(-1.5).add_(0.3)
    return method


@pytest.mark.parametrize(("classes", "ndim"), [(2, 2), (3, 3)])
def test_pixel_loss_is_eq_3(classes: int, ndim: int, make_method: Methods, random_batch: Batches) -> None:
    method = apart(make_method("pnt", classes, ndim, **QUIET))
    batch = random_batch(classes, (2, *(4,) * ndim), ignored=0.3)
    alpha = torch.exp(-doubt(method, batch))
    labeled, pseudo = voxel_losses(method, batch)
    expected = (alpha * labeled + (1 - alpha) * pseudo)[batch.valid > 0].mean()
    loss = pixel_step(method, batch)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradients(method, loss), gradients(method, expected))
    torch.testing.assert_close(method.take_logs()[1].double(), alpha, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("ndim", "params", "axes"),
    [
        (2, {}, (1, 2)),
        (3, {}, (1, 2)),
        (3, {"slice_axis": 0}, (2, 3)),
        (3, {"granularity": "patch"}, (1, 2, 3)),
    ],
)
def test_image_loss_is_eq_5(
    ndim: int, params: dict[str, Any], axes: tuple[int, ...], make_method: Methods, random_batch: Batches
) -> None:
    method = apart(make_method("int", 3, ndim, **QUIET, **params))
    batch = random_batch(3, (2, 3, 4, 5)[: ndim + 1], ignored=0.3)
    assert batch.ignore is not None
    batch.ignore[0] = True
    batch.ignore[0, ..., 0] = False
    losses, count = (*voxel_losses(method, batch), doubt(method, batch)), batch.valid.sum(axes, keepdim=True)
    labeled, pseudo, u = ((values * batch.valid).sum(axes, keepdim=True) / count.clamp(min=1) for values in losses)
    alpha = torch.exp(-u)
    expected = (alpha * labeled + (1 - alpha) * pseudo)[count > 0].mean()
    loss = image_step(method, batch)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradients(method, loss), gradients(method, expected))
    weights = method.take_logs()[1]
    assert weights.shape == batch.label.shape
    torch.testing.assert_close(weights.double(), alpha.expand_as(weights), rtol=1e-5, atol=1e-6)
    assert (weights.amax(axes) == weights.amin(axes)).all()
    assert len(weights.unique()) == (count > 0).sum() + bool((count == 0).any())


@both_phases
def test_a_sure_teacher_leaves_cross_entropy(
    name: str, step: Step, make_method: Methods, random_batch: Batches
) -> None:
    method, ce, batch = make_method(name, 3), make_method("ce", 3), random_batch(3)
    ce.network.load_state_dict(method.student.state_dict())
    make_sure(method)
    loss, plain = step(method, batch), ce.step(batch, 0.0)
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)
    expected = list(torch.autograd.grad(plain, list(ce.parameters())))
    torch.testing.assert_close(gradients(method, loss), expected)
    assert (method.take_logs()[1] == 1).all()


@both_phases
def test_no_steepness_leaves_cross_entropy(name: str, step: Step, make_method: Methods, random_batch: Batches) -> None:
    method, ce, batch = make_method(name, steepness=0.0), make_method("ce"), random_batch(ignored=0.0)
    ce.network.load_state_dict(method.student.state_dict())
    assert step(method, batch).item() == pytest.approx(ce.step(batch, 0.0).item(), rel=1e-6)


@both_phases
def test_no_gradient_reaches_the_teacher_or_goes_through_alpha(
    name: str, step: Step, make_method: Methods, random_batch: Batches
) -> None:
    method, batch = make_method(name), random_batch()
    method.teacher.requires_grad_(True)
    loss = step(method, batch)
    reached = torch.autograd.grad(loss, [*method.student.parameters()], retain_graph=True)
    assert all(gradient.abs().sum() > 0 for gradient in reached)
    unreached = torch.autograd.grad(loss, [*method.teacher.parameters()], allow_unused=True)
    assert all(gradient is None for gradient in unreached)
    assert not method.take_logs()[1].requires_grad


@both_phases
@pytest.mark.parametrize(
    ("params", "lowest"),
    [
        ({}, 1 / 3),
        ({"entropy": "mean"}, 3 ** (-1 / 3)),
        ({"entropy": "normalised"}, math.exp(-1)),
        ({"entropy": "normalised", "steepness": 5.0}, math.exp(-5)),
    ],
)
def test_lowest_weight_is_that_of_a_teacher_without_a_clue(
    name: str, step: Step, params: dict[str, Any], lowest: float, make_method: Methods, random_batch: Batches
) -> None:
    method, batch = make_method(name, 3, **params), random_batch(3)
    for parameter in method.teacher.parameters():
        parameter.zero_()
    step(method, batch)
    torch.testing.assert_close(method.take_logs()[1], torch.full(batch.label.shape, lowest))


@both_phases
def test_hard_pseudo_labels_are_one_hot(name: str, step: Step, make_method: Methods, random_batch: Batches) -> None:
    soft, hard = (make_method(name, 3, pseudo_label=kind, steepness=50.0, **QUIET) for kind in ("soft", "hard"))
    batch = random_batch(3)
    assert step(soft, batch).item() < 1e-6
    p = hard.teacher(batch.image).softmax(1)
    chosen = torch.nn.functional.one_hot(p.argmax(1), 3).movedim(-1, 1)
    assert step(hard, batch).item() == pytest.approx(((p - chosen) ** 2).sum(1).mean().item(), rel=1e-5)


@both_phases
def test_ignored_voxels_change_neither_loss_nor_weights(
    name: str, step: Step, make_method: Methods, random_batch: Batches
) -> None:
    method = make_method(name, 3, **QUIET)
    batch, other = random_batch(3, ignored=0.4), random_batch(3, ignored=0.4)
    assert other.ignore is not None
    other.label = torch.where(other.ignore, (other.label + 1) % 3, other.label)
    other.image = torch.where(other.ignore[:, None], 9 - other.image, other.image)
    (loss, weights), (loss_other, weights_other) = (
        (step(method, each), method.take_logs()[1][each.valid > 0]) for each in (batch, other)
    )
    assert loss == loss_other
    assert torch.equal(weights, weights_other)


@both_phases
def test_nothing_valid_is_no_update(name: str, step: Step, make_method: Methods, random_batch: Batches) -> None:
    method, batch = apart(make_method(name)), random_batch()
    step(method, random_batch())
    batch.ignore = torch.ones_like(batch.label, dtype=torch.bool)
    before = {key: value.clone() for key, value in method.state_dict().items()}
    assert step(method, batch) is None
    method.after_update(0.0)
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())


@pytest.mark.parametrize("copies", [1, 4])
@both_phases
def test_network_passes_are_counted(
    name: str, step: Step, copies: int, make_method: Methods, random_batch: Batches
) -> None:
    method, calls = make_method(name, copies=copies), {"student": 0, "teacher": 0}
    for who, network in (("student", method.student), ("teacher", method.teacher.network)):
        network.register_forward_hook(lambda *_, who=who: calls.update({who: calls[who] + 1}))
    step(method, random_batch())
    assert calls == {"student": 1, "teacher": copies}
    assert method.passes == pytest.approx(1 + copies / 3)


def test_copies_get_clipped_noise_of_their_own() -> None:
    seen: list[Tensor] = []

    class Watched(torch.nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            seen.append(image)
            return torch.cat([image, -image], 1)

    image = torch.linspace(-1, 1, 4000).view(1, 1, 4000).requires_grad_()
    found = noisy_predictions(Watched(), image, copies=3, noise=0.1, limit=0.15)
    noises = [copy.detach() - image.detach() for copy in seen]
    assert len({float(noise.sum()) for noise in noises}) == 3
    for noise in noises:
        assert float(noise.abs().max()) == pytest.approx(0.15, abs=1e-6)
        assert float((noise.abs() < 0.1).float().mean()) == pytest.approx(0.68, abs=0.04)
    expected = sum(torch.cat([copy, -copy], 1).softmax(1) for copy in seen) / 3
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad
    assert torch.equal(image, torch.linspace(-1, 1, 4000).view(1, 1, 4000))


def test_entropy_of_known_distributions() -> None:
    p = torch.tensor([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]]).T[None]
    torch.testing.assert_close(entropy(p), torch.tensor([[0.0, math.log(3), math.log(2)]]))
    torch.testing.assert_close(entropy(p, "mean"), entropy(p) / 3)
    torch.testing.assert_close(entropy(p, "normalised"), entropy(p) / math.log(3))


@pytest.mark.parametrize("ramp_up", [True, False])
def test_teacher_is_the_moving_average(ramp_up: bool, make_method: Methods, random_batch: Batches) -> None:
    method, batch = make_method("pnt", decay=0.75, ramp_up=ramp_up), random_batch()
    weight, expected = method.student.layer.weight, method.student.layer.weight.detach().clone()
    for t in range(1, 8):
        pixel_step(method, batch)
        weight.data += torch.randn_like(weight)
        method.after_update(0.0)
        decay = min(1 - 1 / t, 0.75) if ramp_up else 0.75
        expected = decay * expected + (1 - decay) * weight.detach()
        torch.testing.assert_close(method.teacher.network.layer.weight, expected)
        if t == 4:
            resumed = make_method("pnt", decay=0.75, ramp_up=ramp_up)
            resumed.load_state_dict(method.state_dict())
            method, weight = resumed, resumed.student.layer.weight


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_prediction_comes_from_the_network_asked_for(who: str, make_method: Methods, random_batch: Batches) -> None:
    method, image = apart(make_method("pint", predict_with=who)), random_batch().image
    with torch.no_grad():
        assert torch.equal(method.predict(image), getattr(method, who)(image).softmax(1))
        assert not torch.equal(method.student(image), method.teacher(image))


def test_phases_of_the_three_methods(make_method: Methods) -> None:
    found = {
        name: [(s.name, s.step, s.share) for s in make_method(name).stages(TrainingView(()))]
        for name in ("pnt", "int", "pint")
    }
    pixel, image = ("pixel-wise", "pixel_step"), ("image-wise", "image_step")
    assert found == {"pnt": [(*pixel, 1.0)], "int": [(*image, 1.0)], "pint": [(*pixel, 0.75), (*image, 0.25)]}


@pytest.mark.parametrize(
    ("params", "student", "teacher"),
    [
        ({}, "student", "teacher"),
        ({"continue_from": "teacher"}, "teacher", "teacher"),
        ({"reset_teacher": True}, "student", "student"),
    ],
)
def test_phase_two_starts_from_phase_one(
    params: dict[str, Any],
    student: str,
    teacher: str,
    registries: Registries,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    plugin, geometry, started = registries.methods.get("pint"), Geometry(), {}
    method: Any = build(plugin, registries, geometry)
    method.params = plugin.validate(params)
    begin = method.begin_stage

    def watched(stage: Train) -> None:
        begin(stage)
        started[stage.name] = {name: value.clone() for name, value in method.state_dict().items()}

    monkeypatch.setattr(method, "begin_stage", watched)
    context = context_in(str(tmp_path), geometry)
    train(method, make_view(geometry), context)
    ended = checkpoint.load(context.stage_file("pixel-wise"))
    assert ended is not None
    before, after = ended["method"], started["image-wise"]
    prefix = {"student": "student.", "teacher": "teacher.network."}
    for mine, origin in (("student", student), ("teacher", teacher)):
        names = [name for name, _ in method.student.named_parameters()]
        assert all(torch.equal(after[prefix[mine] + name], before[prefix[origin] + name]) for name in names)
    assert int(after["_extra_state"]) == (0 if params.get("reset_teacher") else 3)
    moved = [name for name, _ in method.student.named_parameters()]
    assert any(not torch.equal(before["student." + n], before["teacher.network." + n]) for n in moved)
    assert any(not torch.equal(before["student." + n], started["pixel-wise"]["student." + n]) for n in moved)
